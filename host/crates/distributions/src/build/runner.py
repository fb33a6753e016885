# Calls one hook of a build backend (PEP 517, 660). It runs confined, with what the build requires on the path.
import importlib, json, os, site, sys, sysconfig

order = json.loads(sys.argv[1])
lib = order['lib']

# What is installed for this Python is not part of the environment, as in pip.
outside = {os.path.realpath(sysconfig.get_path(name)) for name in ('purelib', 'platlib')}
outside |= {os.path.realpath(path) for path in getattr(site, 'getsitepackages', lambda: [])()}
here = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [path for path in sys.path if os.path.realpath(path) not in outside and path not in (here, lib)]
# Also what `.pth` files say.
known = set(sys.path)
site.addsitedir(lib)
added = [path for path in sys.path if path not in known]
sys.path[:] = added + [path for path in sys.path if path in known]
sys.argv[:] = ['setup.py']


def note_tries():
    # What the build tries that is not there for it: hosts, and files of the home directory. Nothing depends on it.
    noted = set()

    def note(text):
        if text not in noted and len(noted) < 100:
            noted.add(text)
            try:
                with open(order['tried'], 'a') as tried:
                    tried.write(text.replace('\n', ' ')[:300] + '\n')
            except Exception:
                pass

    def hook(event, arguments):
        try:
            if event in ('socket.connect', 'socket.sendto'):
                address = arguments[1]
                if isinstance(address, tuple):
                    note('connect to %s' % ':'.join(str(part) for part in address[:2]))
            elif event == 'socket.getaddrinfo':
                note('connect to %s:%s' % (arguments[0], arguments[1]))
            elif event == 'urllib.Request':
                note('download %s' % arguments[0])
            elif event == 'open':
                path, mode = arguments[0], arguments[1] or 'r'
                if isinstance(path, str) and any(letter in mode for letter in 'wax+'):
                    path = os.path.abspath(path)
                    allowed = order['allowed'] + ['/tmp', '/dev', '/proc', order['tried']]
                    if not any(path == outer or path.startswith(outer + '/') for outer in allowed):
                        note('write %s' % path)
        except Exception:
            pass

    sys.addaudithook(hook)


if hasattr(sys, 'addaudithook'):
    note_tries()

sys.path[:0] = order['backend_path']
name, _, attributes = order['backend'].partition(':')
backend = importlib.import_module(name)
for attribute in filter(None, attributes.split('.')):
    backend = getattr(backend, attribute)

if order['hook'].endswith('editable'):
    # A project that is only developed need not say which of its modules belong to it: all can be imported.
    try:
        from setuptools.discovery import ConfigDiscovery
        ConfigDiscovery._ensure_no_accidental_inclusion = lambda *arguments: None
    except (ImportError, AttributeError):
        pass

hook = getattr(backend, order['hook'], None)
result = None
if hook is not None:
    result = hook(order['output']) if order['hook'].startswith('build_') else hook()

with open(order['answer'], 'w') as answer:
    json.dump({'result': result, 'has_hook': hook is not None}, answer)
