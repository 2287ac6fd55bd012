"""Look up the vectors of a catalogue's pictures in a store, by what the pictures hold.

In: a `FeatureStore`, or its folder, and a catalogue. Out: vectors. An item's own key comes first:
if the store's row has the same content (CRC-32 and size, which a zip lists), it is taken without
reading the picture again. What is read for that, as in a folder, is compared by its SHA-256, too.
What was renamed, moved, or is opened one level higher is found by its SHA-256 under another key.
The edge rule: a vector is never given out for another content than it was made from, unless
somebody forged a CRC-32 in a zip; what has none is counted and named.
"""

import warnings
from collections import defaultdict
from contextlib import suppress
from hashlib import sha256
from typing import NamedTuple

import numpy as np

from zapsim.checks import told
from zapsim.io.bundled import MINIZAP_FEATURES
from zapsim.io.disk import ahead
from zapsim.io.parquet import StoreError
from zapsim.io.pictures import PictureError
from zapsim.io.store import features_frame, is_same, names_of, open_store

__all__ = ["Found", "each_found", "load_features", "look_up"]

# They mostly wait for the disk.
_THREADS, _TOGETHER = 8, 32


class Found(NamedTuple):
    """What a store has of a catalogue's items.

    Attributes
    ----------
    values : ndarray of shape (n_items, n_features), float32
        In the catalogue's order, zeros where nothing was found.
    found : ndarray of shape (n_items,), bool
    n_moved : int
        How many of them under another key.
    contents : dict of str to str
        What is known of each item's content; None where it was not looked at, or cannot be read.
    known : set of str
        The store's keys, whatever their content.
    kept : set of str
        The keys of which the store has the present content. What of these was not found is damaged.
    """

    values: np.ndarray
    found: np.ndarray
    n_moved: int
    contents: dict
    known: set
    kept: set


def load_features(store=None, catalogue=None):
    """Read the features of a store.

    Parameters
    ----------
    store : path, optional
        The folder. By default MiniZap's features, which ship with zapsim.
    catalogue : Catalogue, optional
        The wanted items, such as ``catalogue`` or ``catalogue.subset(keys)``. What their pictures
        hold is compared with what the features were made from: a zip lists it, a folder's files
        are read. Items that were renamed or moved are found; those whose picture has changed since,
        or was never extracted, are left out and counted in a warning. By default all that the
        store holds, also of pictures that have been deleted since.

    Returns
    -------
    pandas.DataFrame of shape (n_items, n_features), float32
        Indexed by key, in the catalogue's order, which is sorted, as it is by default.
        ``attrs["extractor"]`` holds the settings they were made with.

    Raises
    ------
    StoreError
        If there is no store, it holds none of the items, its shards were made with different
        settings, or it cannot be read now; without a catalogue, if it holds features of two
        pictures under one key. A damaged shard is only named in a warning, and passed over.
    MemoryError
        If there is no room for so many.
    TypeError
        If keys are given: they do not say what the pictures hold.

    Examples
    --------
    >>> import zapsim
    >>> zapsim.load_features().shape  # MiniZap's
    (615, 2048)
    """
    if catalogue is not None and not hasattr(catalogue, "content"):
        raise TypeError(
            "catalogue must be a Catalogue: keys alone do not say what the pictures hold now. Give "
            "the catalogue itself, or catalogue.subset(keys). "
            f"Received: {type(catalogue).__name__}"
        )
    opened = open_store(MINIZAP_FEATURES if store is None else store)
    folder = opened.folder
    if catalogue is None:
        return _everything(opened)
    made, wanted = opened.settings.get("pictures"), catalogue.treatment
    if made != wanted:
        raise StoreError(
            f"The features in {folder} are of pictures {_made(made)}, the catalogue's are "
            f"{_made(wanted)}. Give the catalogue that they were made of."
        )
    seen = look_up(opened, catalogue)
    if seen.found.all():
        return features_frame(list(catalogue.keys), seen.values, opened.settings)
    why = _why(list(catalogue.keys), seen)
    again = f"Extract them: VGG16Extractor().extract(catalogue, cache={str(folder)!r})."
    if not seen.found.any():
        example = f", such as {min(seen.known)!r}" if seen.known else ""
        raise StoreError(
            f"None of the {len(catalogue):,} items is in the feature store {folder}, which holds "
            f"{len(seen.known):,}{example}: {why}. Was it made from another catalogue? {again}"
        )
    warnings.warn(
        told(
            f"{(~seen.found).sum():,} of {len(catalogue):,} items have no features and are left "
            f"out: {why}. {again}"
        ),
        stacklevel=2,
    )
    keys = [key for key, has in zip(catalogue.keys, seen.found, strict=True) if has]
    return features_frame(keys, seen.values[seen.found], opened.settings)


def look_up(store, catalogue, n_features=None):
    """Find what a `FeatureStore` has of a catalogue's pictures: `Found`.

    Vectors are read a shard at a time. `n_features` is their length, where it is known.
    """
    contents, digests, copies, known, kept = _wanted(store, catalogue)
    values, found = store.read(contents, n_features, copies, digests)
    moved = {key for keys in copies.values() for key in keys}
    n_moved = sum(key in moved for key, has in zip(contents, found, strict=True) if has)
    return Found(values, found, n_moved, contents, known, kept)


def each_found(store, catalogue, n_features=None):
    """Yield what a `FeatureStore` has of a catalogue's pictures, as features, shard by shard.

    For catalogues whose vectors are more than memory holds. Each key comes once, in any order.
    `n_features` is the vectors' length, where it is known.
    """
    contents, digests, copies, *_ = _wanted(store, catalogue)
    for keys, values in store.each(contents, copies, n_features, digests):
        yield features_frame(keys, values, store.settings)


def _wanted(store, catalogue):
    """Return what is asked of a store, as `FeatureStore.each` takes it; and `Found`'s two sets."""
    index = list(store.index())
    known = {key for keys, _, _ in map(names_of, index) for key in keys}
    contents, digests = dict.fromkeys(catalogue.keys), {}
    _identify(catalogue, known & contents.keys(), contents, digests)
    copies, kept = _copies(catalogue, index, contents, digests)
    return contents, digests, copies, known, kept


def _copies(catalogue, index, contents, digests):
    """Find the items that another key of the store may belong to.

    A dict of (content, SHA-256) to a list of keys; and the set of keys that are where they were.
    `contents` and `digests` are filled in for what was looked at.
    """
    kept, spare = set(), set()
    for names in map(names_of, index):
        for key, content, digest in zip(*names, strict=True):
            if is_same(key, content, digest, contents, digests):
                kept.add(key)
            else:
                spare.add(content)
    copies = defaultdict(list)
    # Where each row is some item's own, new pictures need not be read twice.
    if spare:
        lacking = [key for key in contents if key not in kept]
        unknown = [key for key in lacking if contents[key] is None]
        _identify(catalogue, unknown, contents, digests)
        alike = [key for key in lacking if contents[key] in spare]
        unread = [key for key in alike if key not in digests]
        digests |= _each(lambda key: sha256(catalogue.read(key)).hexdigest(), unread)
        for key in alike:
            if key in digests:
                copies[contents[key], digests[key]].append(key)
    return copies, kept


def _identify(catalogue, keys, contents, digests):
    """Fill in what identifies pictures; a digest only of those that were read for that."""
    for key, (content, digest) in _each(catalogue.identify, keys):
        contents[key] = content
        if digest is not None:
            digests[key] = digest


def _each(function, keys):
    """Yield (key, function(key)) of the pictures that can be read.

    One that cannot is tried again with the new ones, and named then.
    """

    def some(part):
        found = []
        for key in part:
            with suppress(PictureError):
                found.append((key, function(key)))
        return found

    keys = list(keys)
    # A zip answers so fast that a call for each would take most of the time.
    parts = [keys[start : start + _TOGETHER] for start in range(0, len(keys), _TOGETHER)]
    for _, part in ahead(some, parts, _THREADS, 2 * _THREADS):
        yield from part.result()


def _everything(store):
    """Return all features of a store, sorted by key; StoreError if a key has two contents."""
    found, contents = {}, {}
    for block in store.blocks():
        for key, content in zip(block.keys, block.contents, strict=True):
            if contents.setdefault(key, content) != content:
                raise StoreError(
                    f"The feature store {store.folder} holds features of two pictures under "
                    f"{key!r}: it was changed, or two catalogues share the store. Say whose you "
                    "want: load_features(store, catalogue)."
                )
        found.update(zip(block.keys, block.values, strict=True))
        store.check_room(len(found), block.values.shape[1])
    if not found:
        raise store.missing("undamaged ")
    keys = sorted(found)
    values = store.room(len(keys), len(found[keys[0]]))
    for row, key in enumerate(keys):
        values[row] = found.pop(key)
    return features_frame(keys, values, store.settings)


def _why(keys, seen):
    """Say why some items have no features, with an example of each reason."""
    reasons = defaultdict(list)
    for key, has in zip(keys, seen.found, strict=True):
        if not has:
            reason = "not in the store"
            if key in seen.kept:
                reason = "in a damaged part of the store"
            elif key in seen.known:
                reason = "cannot be read"
                if seen.contents[key] is not None:
                    reason = "not the picture that the store has under this key (it was changed)"
            reasons[reason].append(key)
    return "; ".join(f"{len(some):,} {why}, such as {some[0]!r}" for why, some in reasons.items())


def _made(treatment):
    return f"made {treatment}" if treatment else "as they are"
