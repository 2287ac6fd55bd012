"""Read and write: pictures, folders and archives of them, feature stores, downloads.

`sources` finds a catalogue's files, `archives` and `unpacked` look into zips and tars, `folders`
walks a disk, `names` and `formats` say what is a picture, `hints` what a wrong path may mean;
`pictures` decodes them. `store` keeps features, `parquet` writes single files of vectors, `pages`
says what one unpacks to, `saved` keeps a matrix or neighbours, `download` fetches from the web,
`zappos` UT-Zappos50K, `matlab` reads its comparisons, `apart` lets a process of its own read,
`disk` copies from disks that may not answer, `bundled` says where zapsim's own data is.
Nothing here knows of the rest of zapsim.
"""
