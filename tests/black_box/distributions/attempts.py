# A setup.py that tries to get at what is not its own. It fails if an attempt succeeds.
import glob, os, socket, sys
from setuptools import setup


def home():
    # What leads to the build's own directories is there, and nothing else.
    if set(os.listdir(HOME)) - {'.cache', 'buildout'}:
        return True
    raise OSError('nothing of it is there')


def environment_of_others():
    for path in glob.glob('/proc/[0-9]*/environ'):
        try:
            content = open(path, 'rb').read()
        except OSError:
            continue
        if b'SECRET_OF_THE_USER' in content:
            return True
    raise OSError('none has it')


def environment():
    return os.environ['SECRET_OF_THE_USER']


def unix_socket():
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(HOME + '/agent.sock')


def udp():
    connection = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    connection.sendto(b'secret', ('127.0.0.1', PORT))


def daemon():
    # Not an attempt that can fail here: the test looks for the process afterward.
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.closerange(0, 100)
            os.execv('/bin/sleep', ['sleep', MARK])
        os._exit(0)
    raise OSError('it is for the test to see')


attempts = [
    lambda: open(HOME + '/.ssh/id').read(),
    lambda: open(os.path.expanduser('~/.ssh/id')).read(),
    lambda: open('/proc/1/root' + HOME + '/.ssh/id').read(),
    home,
    lambda: os.listdir(HOME + '/.ssh'),
    environment,
    environment_of_others,
    lambda: socket.create_connection(('127.0.0.1', PORT), 5),
    udp,
    unix_socket,
    lambda: open(HOME + '/written', 'w'),
    lambda: open(BUILDOUT + '/written', 'w'),
    lambda: open(BUILDOUT + '/eggs/written', 'w'),
    lambda: os.rename(BUILDOUT + '/buildout.cfg', BUILDOUT + '/moved'),
    lambda: os.symlink('/etc/passwd', BUILDOUT + '/link'),
    lambda: os.chmod(HOME, 0o777),
    daemon,
]
for number, attempt in enumerate(attempts):
    try:
        attempt()
    except (OSError, KeyError, ValueError):
        continue
    raise SystemExit('attempt %d succeeded' % number)

setup(name='sourced', version='1.0', py_modules=['sourced'])
