"""Read and write: pictures, folders and zips of them, feature stores, downloads.

`sources` finds a catalogue's files, `pictures` decodes them, `store` keeps features, `parquet`
writes single files of vectors, `download` brings files to this machine, `zappos` fetches
UT-Zappos50K, `bundled` says where zapsim's own data is. Nothing here knows of the rest of zapsim.
"""
