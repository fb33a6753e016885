"""Writes packages of the host: a wheel, a tarball with checksums, a Debian package.

Arguments: the program, the packed Python runtime, the directory for the packages, and a private key or nothing. The working
directory is the workspace. Knows nothing of how the program is built. All times are that of SOURCE_DATE_EPOCH, or of the last
commit, so that the same program gives the same packages.
"""

import base64
import datetime
import gzip
import hashlib
import io
import json
import os
import pathlib
import re
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile

NAME = "buildout-host"
SUMMARY = "Runs buildouts: zc.buildout configurations, with sandboxed WebAssembly recipes"


def asked(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.decode()


def commit_time():
    given = os.environ.get("SOURCE_DATE_EPOCH")
    # No ZIP archive has an earlier time than 1980.
    return max(int(given or asked("git", "log", "-1", "--format=%ct")), 315532800)


def linked(target):
    """The crates that are linked into a program for `target`, from the lock file: Cargo's descriptions of them."""
    cargo = os.environ["CARGO"]
    tree = ["tree", "--locked", "-p", NAME, "-e", "normal,no-proc-macro", "--prefix", "none", "-f", "{p}"]
    names = {tuple(line.split()[:2]) for line in asked(cargo, *tree, "--target", target).splitlines() if line}
    metadata = asked(cargo, "metadata", "--locked", "--format-version", "1", "--filter-platform", target)
    described = json.loads(metadata)["packages"]
    return sorted(
        (package for package in described if (package["name"], "v" + package["version"]) in names),
        key=lambda package: (package["name"], package["version"]),
    )


def licenses(crates):
    """One text: each crate with its license, then the license texts, each once."""
    texts, lines = {}, ["What is linked into buildout-host, and under which license.", ""]
    for crate in crates:
        lines.append(f"{crate['name']} {crate['version']}: {crate['license'] or 'see below'}")
        directory = pathlib.Path(crate["manifest_path"]).parent
        for file in sorted(directory.iterdir()):
            if re.match(r"(?i)(licen[cs]e|copying|notice|unlicense)", file.name) and file.is_file():
                text = file.read_text(errors="replace").strip()
                texts.setdefault(text, []).append(f"{crate['name']} {crate['version']}")
    for text, users in texts.items():
        lines += ["", "=" * 78, ", ".join(dict.fromkeys(users)), "=" * 78, "", text]
    return "\n".join(lines) + "\n"


def bill_of_materials(crates, version):
    """CycloneDX 1.5."""

    def component(crate):
        entry = {
            "type": "library",
            "bom-ref": f"pkg:cargo/{crate['name']}@{crate['version']}",
            "purl": f"pkg:cargo/{crate['name']}@{crate['version']}",
            "name": crate["name"],
            "version": crate["version"],
        }
        if crate["license"]:
            entry["licenses"] = [{"expression": crate["license"].replace("/", " OR ")}]
        return entry

    program = {"type": "application", "name": NAME, "version": version, "bom-ref": NAME}
    return json.dumps(
        {
            "bomFormat": "CycloneDX",
            "specVersion": "1.5",
            "version": 1,
            "metadata": {"component": program},
            "components": [component(crate) for crate in crates if crate["source"]],
        },
        indent=1,
    )


def newest_glibc(program):
    """The newest version of the C library that the program's symbols need, from its string table of dynamic symbols."""
    header = program[:64]
    (start,) = struct.unpack_from("<Q", header, 40)
    size, count, names = struct.unpack_from("<HHH", header, 58)
    sections = [struct.unpack_from("<IIQQQQ", program, start + index * size) for index in range(count)]
    table = sections[names]
    for name, _kind, _flags, _address, offset, length in sections:
        label = program[table[4] + name :].split(b"\0", 1)[0] if table[5] else b""
        if label == b".dynstr":
            found = re.findall(rb"GLIBC_(\d+)\.(\d+)", program[offset : offset + length])
            return max((int(major), int(minor)) for major, minor in found)
    raise SystemExit("xtask: the program has no dynamic symbols")


class Files:
    """What every package contains, by path below its prefix: bytes and mode."""

    def __init__(self):
        self.entries = {}

    def add(self, path, content, mode=0o644):
        self.entries[path] = (content if isinstance(content, bytes) else content.encode(), mode)

    def write_tar(self, prefix, time):
        plain = io.BytesIO()
        with tarfile.open(fileobj=plain, mode="w", format=tarfile.GNU_FORMAT) as archive:
            seen = set()
            for path, (content, mode) in sorted(self.entries.items()):
                full = pathlib.PurePosixPath(prefix, path)
                for parent in reversed(full.parents):
                    if str(parent) not in seen and str(parent) != ".":
                        seen.add(str(parent))
                        entry = tarfile.TarInfo(f"{parent}/")
                        entry.type, entry.mode, entry.mtime = tarfile.DIRTYPE, 0o755, time
                        archive.addfile(entry)
                entry = tarfile.TarInfo(str(full))
                entry.size, entry.mode, entry.mtime = len(content), mode, time
                entry.uname = entry.gname = "root"
                archive.addfile(entry, io.BytesIO(content))
        return gzip.compress(plain.getvalue(), 6, mtime=time)


def collected(program, runtime, crates, version):
    files = Files()
    files.add(f"bin/{NAME}", program.read_bytes(), 0o755)
    files.add(f"share/{NAME}/{runtime.name}", runtime.read_bytes())
    for shell, path in {
        "bash": f"share/bash-completion/completions/{NAME}",
        "zsh": f"share/zsh/site-functions/_{NAME}",
        "fish": f"share/fish/vendor_completions.d/{NAME}.fish",
    }.items():
        files.add(path, asked(str(program), "completions", shell))
    with tempfile.TemporaryDirectory() as pages:
        asked(str(program), "man-pages", pages)
        for page in sorted(pathlib.Path(pages).iterdir()):
            files.add(f"share/man/man1/{page.name}", page.read_bytes())
    own = "".join(pathlib.Path(name).read_text() + "\n" for name in ["LICENSE-MIT", "LICENSE-APACHE"])
    files.add(f"share/doc/{NAME}/copyright", own)
    files.add(f"share/doc/{NAME}/licenses.txt", licenses(crates))
    files.add(f"share/doc/{NAME}/sbom.cdx.json", bill_of_materials(crates, version))
    return files


def wheel(files, version, glibc, processor, time):
    tag = f"py3-none-manylinux_{glibc[0]}_{glibc[1]}_{processor}"
    stem = f"buildout_host-{version}"
    contents = Files()
    for path, (content, mode) in files.entries.items():
        kind = f"scripts/{NAME}" if path == f"bin/{NAME}" else f"data/{path}"
        contents.add(f"{stem}.data/{kind}", content, mode)
    information = f"{stem}.dist-info"
    contents.add(f"{information}/WHEEL", f"Wheel-Version: 1.0\nGenerator: {NAME}\nRoot-Is-Purelib: false\nTag: {tag}\n")
    metadata = f"Metadata-Version: 2.4\nName: {NAME}\nVersion: {version}\nSummary: {SUMMARY}\n"
    contents.add(f"{information}/METADATA", metadata + "License-Expression: MIT OR Apache-2.0\nRequires-Python: >=3.8\n")
    sbom = files.entries[f"share/doc/{NAME}/sbom.cdx.json"][0]
    contents.add(f"{information}/sboms/{NAME}.cdx.json", sbom)
    record = []
    for path, (content, _mode) in contents.entries.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        record.append(f"{path},sha256={digest},{len(content)}\n")
    contents.add(f"{information}/RECORD", "".join(record) + f"{information}/RECORD,,\n")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, (content, mode) in contents.entries.items():
            entry = zipfile.ZipInfo(path, _date(time))
            entry.external_attr, entry.compress_type = (0o100000 | mode) << 16, zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return f"{stem}-{tag}.whl", packed.getvalue()


def _date(time):
    moment = datetime.datetime.fromtimestamp(time, datetime.timezone.utc)
    return (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)


def debian(files, version, glibc, processor, time):
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}[processor]
    size = sum(len(content) for content, _mode in files.entries.values()) // 1024
    control = Files()
    fields = {
        "Package": NAME,
        "Version": version,
        "Architecture": architecture,
        "Maintainer": "The buildout-host project <buildout-host@localhost>",
        "Installed-Size": str(size),
        "Depends": f"libc6 (>= {glibc[0]}.{glibc[1]}), libgcc-s1",
        "Recommends": "gcc, make, patch, python3",
        "Section": "devel",
        "Priority": "optional",
        "Description": SUMMARY,
    }
    control.add("control", "".join(f"{name}: {value}\n" for name, value in fields.items()))
    sums = "".join(
        f"{hashlib.md5(content, usedforsecurity=False).hexdigest()}  usr/{path}\n"
        for path, (content, _mode) in sorted(files.entries.items())
    )
    control.add("md5sums", sums)
    members = [
        ("debian-binary", b"2.0\n"),
        ("control.tar.gz", control.write_tar("", time)),
        ("data.tar.gz", files.write_tar("usr", time)),
    ]
    packed = b"!<arch>\n"
    for name, content in members:
        packed += f"{name:<16}{time:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode() + content
        packed += b"\n" * (len(content) % 2)
    return f"{NAME}_{version}_{architecture}.deb", packed


def main():
    program, runtime, directory, key = (pathlib.Path(argument) for argument in sys.argv[1:])
    version, target = re.search(r" (\S+)\n.*\ntarget: (\S+)", asked(str(program), "--version", "--verbose")).groups()
    crates, time, processor = linked(target), commit_time(), target.split("-")[0]
    files = collected(program, runtime, crates, version)
    glibc = newest_glibc(program.read_bytes())
    stem = f"{NAME}-{version}-{processor}-linux-gnu"
    directory.mkdir(parents=True, exist_ok=True)
    # Only earlier packages are removed: the directory may contain something else.
    for pattern in ["buildout_host-*.whl", f"{NAME}_*.deb", f"{NAME}-*.tar.gz", "SHA256SUMS*"]:
        for earlier in directory.glob(pattern):
            earlier.unlink()
    packages = [
        wheel(files, version, glibc, processor, time),
        debian(files, version, glibc, processor, time),
        (f"{stem}.tar.gz", files.write_tar(stem, time)),
    ]
    sums = []
    for name, content in packages:
        (directory / name).write_bytes(content)
        sums.append(f"{hashlib.sha256(content).hexdigest()}  {name}\n")
        print(f"{name}: {len(content) / 1e6:.1f} MB")
    (directory / "SHA256SUMS").write_text("".join(sums))
    if str(key) != ".":
        asked(str(program), "key", "sign", str(directory / "SHA256SUMS"), "--key", str(key))


main()
