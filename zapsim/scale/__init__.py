"""The same line for catalogues that outgrow one machine: ``pip install 'zapsim[scale]'``.

`open_bucket` finds pictures in object storage, `extract_on_ray` runs an extractor on many workers
into the feature store that one machine writes, `build_index` puts a store into LanceDB, a
`FeatureIndex` searches it, and `IndexPredictor` recommends from it.
"""

from zapsim.scale.extraction import extract_on_ray
from zapsim.scale.index import FeatureIndex, build_index
from zapsim.scale.predictor import IndexPredictor
from zapsim.scale.storage import open_bucket

__all__ = ["FeatureIndex", "IndexPredictor", "build_index", "extract_on_ray", "open_bucket"]
