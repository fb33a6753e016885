"""Packs the component: compressed, next to the digest of what is compressed. Arguments: the component, the packed file."""

import hashlib
import os
import sys

import zstandard

component, packed = sys.argv[1:]
with open(component, "rb") as file:
    content = file.read()
with open(packed + ".new", "wb") as file:
    file.write(zstandard.ZstdCompressor(level=12, write_checksum=True).compress(content))
with open(os.path.splitext(component)[0] + ".digest", "w") as file:
    file.write(hashlib.sha256(content).hexdigest())
os.replace(packed + ".new", packed)
