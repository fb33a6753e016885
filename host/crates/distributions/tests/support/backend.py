# A build backend that lies within the project. It builds a wheel of `module.py`, and does before what `tries.py` says.
import base64, hashlib, os, zipfile

NAME, VERSION = open('name.txt').read().split()


def build_wheel(directory, config_settings=None, metadata_directory=None):
    if os.path.exists('tries.py'):
        exec(compile(open('tries.py').read(), 'tries.py', 'exec'), {'__name__': 'tries'})
    return write(directory, {'%s.py' % NAME: open('module.py').read()})


def build_editable(directory, config_settings=None, metadata_directory=None):
    if os.path.exists('tries.py'):
        exec(compile(open('tries.py').read(), 'tries.py', 'exec'), {'__name__': 'tries'})
    return write(directory, {'__editable__.%s.pth' % NAME: os.getcwd() + '\n',
                             '__editable___%s_finder.py' % NAME: 'MAPPING = {%r: %r}\n' % (NAME, os.path.join(os.getcwd(), 'module'))})


def write(directory, files):
    info = '%s-%s.dist-info' % (NAME, VERSION)
    files = dict(files)
    requires = open('requires.txt').read().splitlines() if os.path.exists('requires.txt') else []
    files[info + '/METADATA'] = 'Metadata-Version: 2.1\nName: %s\nVersion: %s\n' % (NAME, VERSION) + ''.join('Requires-Dist: %s\n' % line for line in requires)
    files[info + '/WHEEL'] = 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n'
    if os.path.exists('entry_points.txt'):
        files[info + '/entry_points.txt'] = open('entry_points.txt').read()
    record = ''
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b'=').decode()
        record += '%s,sha256=%s,%d\n' % (path, digest, len(text.encode()))
    files[info + '/RECORD'] = record + info + '/RECORD,,\n'
    name = '%s-%s-py3-none-any.whl' % (NAME, VERSION)
    with zipfile.ZipFile(os.path.join(directory, name), 'w') as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return name
