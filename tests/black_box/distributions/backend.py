# A build backend that is part of the project. It needs no build requirements.
import base64, hashlib, os, zipfile

NAME = open('name.txt').read().strip() if os.path.exists('name.txt') else 'demo'


def build_wheel(directory, config_settings=None, metadata_directory=None):
    return write(directory, {NAME + '.py': "mark = %r\n" % os.environ.get('MARK', '')})


def build_editable(directory, config_settings=None, metadata_directory=None):
    # What the project says that its build makes in it.
    for path in open('made.txt').read().split() if os.path.exists('made.txt') else []:
        try:
            os.makedirs(os.path.dirname(path) or '.', exist_ok=True)
            open(path, 'w').write('made\n')
        except OSError:
            pass
    return write(directory, {'__editable__.%s.pth' % NAME: os.getcwd() + '\n'})


def write(directory, files):
    info = NAME + '-1.0.dist-info'
    files[info + '/METADATA'] = 'Metadata-Version: 2.1\nName: %s\nVersion: 1.0\n' % NAME
    if os.path.exists('requires.txt'):
        files[info + '/METADATA'] += ''.join('Requires-Dist: ' + line for line in open('requires.txt'))
    files[info + '/WHEEL'] = 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n'
    if os.path.exists('entry_points.txt'):
        files[info + '/entry_points.txt'] = open('entry_points.txt').read()
    record = info + '/RECORD,,\n'
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b'=').decode()
        record += '%s,sha256=%s,%d\n' % (path, digest, len(text.encode()))
    files[info + '/RECORD'] = record
    name = NAME + '-1.0-py3-none-any.whl'
    with zipfile.ZipFile(os.path.join(directory, name), 'w') as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return name
