"""The same line for catalogues that outgrow one machine: ``pip install 'zapsim[scale]'``.

`open_bucket` finds pictures in object storage, `extract_on_ray` runs an extractor on many workers
into the feature store that one machine writes, and `build_index` puts a store into LanceDB, where
`FeatureIndex` searches it.
"""

from zapsim.scale.extraction import extract_on_ray
from zapsim.scale.storage import open_bucket

__all__ = ["extract_on_ray", "open_bucket"]
