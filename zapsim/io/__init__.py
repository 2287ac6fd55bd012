"""Read and write: pictures, folders and zips of them, metadata, feature stores, downloads.

`sources` finds a catalogue's files, `pictures` decodes them, `layout` reads off their keys what
folders say. `metadata` finds tables, `tables` and `delimited` read them, `matching` finds each
picture's row, `joining` adds it. `store` keeps features, `parquet` writes single files of vectors,
`saved` a matrix or neighbours, `download` fetches from the web, `zappos` UT-Zappos50K, `disk`
copies from disks that may not answer, `bundled` says where zapsim's own data is. Nothing here
knows of the rest of zapsim.
"""
