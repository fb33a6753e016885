"""Tells which Python runs it, and from where two of its modules have their libraries."""

import ctypes
import sys
import zlib

print("version", sys.version.split()[0])
print("prefix", sys.prefix)
print("executable", sys.executable)
# A callback needs libffi to make machine code.
compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda value: value + 1)
print("works", compare(41), zlib.decompress(zlib.compress(b"round trip")).decode())
with open("/proc/self/maps") as maps:
    files = {line.split()[-1] for line in maps if "/" in line}
for file in sorted(files):
    if "/libz." in file or "/libffi." in file:
        print("library", file)
