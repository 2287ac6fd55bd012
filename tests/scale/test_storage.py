"""Pictures in object storage, read from a server that speaks S3 and fails when told to."""

import pickle
from types import SimpleNamespace

import numpy as np
import pytest
import requests

import zapsim
from zapsim.io.pictures import PictureError
from zapsim.scale import listing, open_bucket, storage

KEYS = ("Boots/a.jpg", "Boots/b c'd.jpg", "Shoes/ü.jpg")


@pytest.fixture
def folder(make_folder):
    return make_folder(*KEYS, metadata="key,Colour\nBoots/a.jpg,red\n")


@pytest.fixture
def bucket(s3, folder):
    """Return the address of a bucket, and the folder with the same pictures."""
    s3.client.create_bucket(Bucket="shop")
    for path in filter(lambda path: path.is_file(), folder.rglob("*")):
        name = f"pictures/{path.relative_to(folder).as_posix()}"
        s3.client.put_object(Bucket="shop", Key=name, Body=path.read_bytes())
    return s3.address("shop/pictures"), folder


@pytest.fixture
def gs(gs_server, folder):
    """Return the same in Google's storage."""
    for path in filter(lambda path: path.is_file(), folder.rglob("*")):
        requests.post(
            f"http://{gs_server}/upload/storage/v1/b/shop/o",
            path.read_bytes(),
            params={
                "uploadType": "media",
                "name": f"pictures/{path.relative_to(folder).as_posix()}",
            },
            headers={"Content-Type": "image/jpeg"},
        ).raise_for_status()
    options = f"scheme=http&endpoint_override={gs_server}&retry_limit_seconds=5"
    return f"gs://anonymous@shop/pictures?{options}", folder


@pytest.fixture(params=["bucket", "gs"])
def either(request):
    return request.getfixturevalue(request.param)


def test_a_bucket_is_the_catalogue_that_its_folder_is(either):
    address, folder = either
    there = zapsim.load_catalogue(open_bucket(address))
    here = zapsim.load_catalogue(folder)
    assert list(there.keys) == sorted(KEYS) == list(here.keys)
    assert there.table.equals(here.table) and there.table["Colour"].iloc[0] == "red"
    for key in KEYS:
        assert there.read(key) == here.read(key)
        assert there.content(key) == here.content(key)
    assert np.array_equal(there.picture(KEYS[2]), here.picture(KEYS[2]))


def test_other_processes_connect_themselves(either):
    catalogue = zapsim.load_catalogue(open_bucket(either[0]))
    copy = pickle.loads(pickle.dumps(catalogue.portion([KEYS[1]])))
    assert copy.read(KEYS[1]) == catalogue.read(KEYS[1])
    assert list(copy.keys) == [KEYS[1]]


def test_features_are_those_of_the_folder(either, extractor):
    there = extractor.extract(zapsim.load_catalogue(open_bucket(either[0])))
    here = extractor.extract(zapsim.load_catalogue(either[1]))
    assert there.equals(here)


def test_what_is_done_is_not_read_again_to_find_out(bucket, s3, extractor, tmp_path):
    store = tmp_path / "store"
    catalogue = zapsim.load_catalogue(open_bucket(bucket[0], done=store))
    first = extractor.extract(catalogue, cache=store)
    # Reading the first two would be an error; the third has another size now.
    s3.faults |= {"Boots/a.jpg": 403, "Boots/b": 403}
    data = (bucket[1] / KEYS[2]).read_bytes()
    s3.client.put_object(Bucket="shop", Key=f"pictures/{KEYS[2]}", Body=data + b"\0")
    catalogue = zapsim.load_catalogue(open_bucket(bucket[0], done=store))
    assert catalogue.content(KEYS[2]).endswith(f"-{len(data) + 1}")
    again = extractor.extract(catalogue, cache=store)
    assert again.equals(first)
    s3.faults.clear()
    careful = zapsim.load_catalogue(open_bucket(bucket[0]))
    assert [careful.content(key) for key in KEYS] == [catalogue.content(key) for key in KEYS]
    assert careful.portion([KEYS[0]]).read(KEYS[0]) == catalogue.portion([KEYS[0]]).read(KEYS[0])


@pytest.mark.parametrize("fault", [403, 404, 503, "cut"])
def test_one_object_that_cannot_be_read_is_a_picture_that_cannot_be_read(
    bucket, s3, extractor, fault, tmp_path
):
    catalogue = zapsim.load_catalogue(open_bucket(bucket[0]))
    s3.faults["Boots/a.jpg"] = fault
    with pytest.warns(UserWarning, match=r"1 picture could not be read[\s\S]*Boots/a.jpg"):
        features = extractor.extract(catalogue, cache=tmp_path / "store")
    assert list(features.index) == sorted(KEYS)[1:]
    s3.faults.clear()
    assert len(extractor.extract(catalogue, cache=tmp_path / "store")) == 3


def test_of_an_object_that_has_grown_no_more_is_read_than_it_had(bucket, s3):
    catalogue = zapsim.load_catalogue(open_bucket(bucket[0]))
    body = (bucket[1] / "Boots/a.jpg").read_bytes() + bytes(1_000_000)
    s3.client.put_object(Bucket="shop", Key="pictures/Boots/a.jpg", Body=body)
    with pytest.raises(PictureError, match=r"a\.jpg: more bytes came instead of \d"):
        catalogue.read("Boots/a.jpg")


def test_a_name_that_cannot_be_asked_for_is_a_picture_that_cannot_be_read(bucket, s3, extractor):
    s3.faults["list-type"] = page(
        "pictures/Boots/a.jpg",
        "pictures/Boots//b.jpg",
        size=(bucket[1] / "Boots/a.jpg").stat().st_size,
    )
    catalogue = zapsim.load_catalogue(open_bucket(bucket[0]))
    problems = catalogue.check()
    assert problems["key"][problems["problem"] == "unreadable"].tolist() == ["Boots/b.jpg"]
    with pytest.warns(UserWarning, match=r"Boots//b.jpg: cannot be asked for \(Empty path"):
        assert list(extractor.extract(catalogue).index) == ["Boots/a.jpg"]


def test_a_size_that_is_not_so_makes_a_picture_that_cannot_be_read(bucket, s3, extractor):
    bad = {"Boots/-.jpg": -2, "Boots/--.jpg": -(2**63), "Boots/+.jpg": 2**63 - 1, KEYS[1]: 0}
    sizes = bad | {KEYS[2]: (bucket[1] / KEYS[2]).stat().st_size}
    s3.faults["list-type"] = page(*(f"pictures/{key}" for key in sizes), size=[*sizes.values()])
    catalogue = zapsim.load_catalogue(open_bucket(bucket[0]))
    with pytest.warns(UserWarning, match=r"4 pictures could not be read") as said:
        assert list(extractor.extract(catalogue).index) == [KEYS[2]]
    for words in ("-.jpg: the storage says that it has -2 bytes", "more bytes came instead of 0"):
        assert words in str(said[0].message)
    problems = catalogue.check()
    assert set(problems["key"][problems["problem"] == "unreadable"]) == set(bad)


def page(*names, size=9, more=False):
    """Return a page of a list of objects, as S3 sends it; `more` follow, always the same.

    They are all of one size (int), or each of its own (list).
    """
    sizes = size if isinstance(size, list) else [size] * len(names)
    listed = "".join(
        f"<Contents><Key>{name}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
        f"<Size>{size}</Size></Contents>"
        for name, size in zip(names, sizes, strict=True)
    )
    end = "<NextContinuationToken>next</NextContinuationToken>" if more else ""
    return (
        f"<ListBucketResult><Name>shop</Name><IsTruncated>{str(more).lower()}</IsTruncated>"
        f"{end}{listed}</ListBucketResult>"
    ).encode()


def test_a_list_without_an_end_is_given_up_and_is_shown_meanwhile(s3, monkeypatch, capsys):
    monkeypatch.setattr(listing, "_SHOWN_AFTER_SECONDS", 0.1)
    monkeypatch.setattr(listing, "_BYTES", 20_000_000)
    names = [f"pictures/{n}.jpg" for n in range(1000)]
    s3.faults["list-type"] = page(*names, more=True)
    with pytest.raises(ConnectionError, match=r"limit is 9,999 objects; what came took 30 MB"):
        open_bucket(s3.address("shop/pictures"), most=9_999)
    assert "Listing shop/pictures: 00:0" in capsys.readouterr().err
    s3.faults["list-type"] = page(more=True)
    monkeypatch.setattr(listing, "_LEAST_SECONDS", 3)
    with pytest.raises(ConnectionError, match=r"cannot be listed: nothing came in 3 seconds"):
        open_bucket(s3.address("shop/pictures"))


def test_how_many_objects_there_may_be_is_an_option(bucket):
    # The table is one, too.
    assert len(open_bucket(bucket[0], most=4).keys) == 3
    with pytest.raises(ConnectionError, match=r"limit is 3 objects; 4\. .*most=…"):
        open_bucket(bucket[0], most=3)


@pytest.mark.parametrize("fault", [403, 503])
def test_a_bucket_that_does_not_answer_any_more_stops_the_run(bucket, s3, extractor, fault):
    catalogue = zapsim.load_catalogue(open_bucket(bucket[0]))
    s3.faults["shop"] = fault
    with pytest.raises(ConnectionError, match="does not answer any more"):
        extractor.extract(catalogue)


@pytest.mark.parametrize("fault", [403, 404, 503])
def test_a_bucket_that_cannot_be_listed_says_what_to_look_at(bucket, s3, fault):
    s3.faults["shop"] = fault
    with pytest.raises(ConnectionError, match=r"cannot be listed[\s\S]*credentials"):
        open_bucket(bucket[0])


def test_a_bucket_that_does_not_exist_cannot_be_listed(s3):
    with pytest.raises(ConnectionError, match=r"nowhere/pictures cannot be listed"):
        open_bucket(s3.address("nowhere/pictures"))


def test_a_region_that_cannot_be_found_out_is_asked_for(monkeypatch):
    def silent(address):
        raise OSError("curl: could not resolve host")

    monkeypatch.setattr(storage, "FileSystem", SimpleNamespace(from_uri=silent))
    with pytest.raises(ConnectionError, match=r"could not resolve[\s\S]*Give the region"):
        open_bucket("s3://shop/pictures")


def test_google_s_storage_that_does_not_answer_is_said(gs):
    nowhere = gs[0].replace("shop/pictures", "nowhere/pictures")
    with pytest.raises(ConnectionError, match="nowhere/pictures cannot be listed"):
        open_bucket(nowhere)


def test_what_is_no_address_or_holds_no_picture_is_said(s3, bucket):
    with pytest.raises(ValueError, match="goes to load_catalogue itself"):
        open_bucket("pictures")
    with pytest.raises(ValueError, match="Not an address in object storage"):
        open_bucket("nothing://shop/pictures")
    s3.client.put_object(Bucket="shop", Key="texts/a.txt", Body=b"no picture")
    with pytest.raises(ValueError, match=r"No pictures below shop/texts"):
        open_bucket(s3.address("shop/texts"))
    s3.faults["list-type"] = page("texts//a.png")
    with pytest.raises(ValueError, match=r"1 \.png\. '/a\.png' was left out: unsafe name"):
        open_bucket(s3.address("shop/texts"))
