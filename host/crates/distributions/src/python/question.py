import sys
# Not from the working directory: others can write there.
sys.path[:] = [entry for entry in sys.path if entry]
import json, os, platform
try:
    import sysconfig
except ImportError:
    sysconfig = None

def variable(name):
    return sysconfig.get_config_var(name) if sysconfig else None

def full(info):
    text = '%d.%d.%d' % tuple(info[:3])
    return text if info[3] == 'final' else '%s%s%d' % (text, info[3][0], info[4])

def glibc():
    try:
        name, version = os.confstr('CS_GNU_LIBC_VERSION').rsplit()
        return [int(part) for part in version.split('-')[0].split('.')[:2]] if name == 'glibc' else None
    except Exception:
        return None

def musl():
    try:
        if 'musl' not in (variable('HOST_GNU_TYPE') or ''):
            return None
        import glob, re, subprocess
        for loader in sorted(glob.glob('/lib/ld-musl-*.so.1')):
            process = subprocess.Popen([loader], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            found = re.search(r'Version (\d+)\.(\d+)', process.communicate()[1].decode('utf-8', 'replace'))
            if found:
                return [int(found.group(1)), int(found.group(2))]
    except Exception:
        pass
    return None

def index():
    # The index that pip asks: of the pip that is installed, else of the one that this Python would install.
    try:
        from pip._internal.models.index import PyPI
        return PyPI.simple_url
    except Exception:
        pass
    try:
        import glob
        stdlib = os.path.dirname(os.__file__)
        for wheel in sorted(glob.glob(os.path.join(stdlib, 'ensurepip', '_bundled', 'pip-*.whl')) +
                            glob.glob('/usr/share/python-wheels/pip-*.whl')):
            sys.path.insert(0, wheel)
            from pip._internal.models.index import PyPI
            return PyPI.simple_url
    except Exception:
        pass
    return None

implementation = getattr(sys, 'implementation', None)
python_version = platform.python_version()
sys.stdout.write('\x1f' + json.dumps({
    'executable': sys.executable,
    'prefix': sys.prefix,
    'base_prefix': getattr(sys, 'base_prefix', sys.prefix),
    'path': [entry for entry in sys.path if entry],
    'index': index(),
    'version_info': list(sys.version_info[:3]),
    'release': list(sys.version_info[3:5]),
    'version_text': sys.version,
    'directories': sysconfig.get_paths() if sysconfig else {},
    'platform': (sysconfig.get_platform() if sysconfig else None) or sys.platform,
    'soabi': variable('SOABI'),
    'ext_suffix': variable('EXT_SUFFIX'),
    'debug': bool(variable('Py_DEBUG')) or hasattr(sys, 'gettotalrefcount'),
    'free_threaded': bool(variable('Py_GIL_DISABLED')),
    'bits': 64 if sys.maxsize > 2 ** 32 else 32,
    'glibc': glibc(),
    'musl': musl(),
    'markers': {
        'implementation_name': implementation.name if implementation else '',
        'implementation_version': full(implementation.version) if implementation else '0',
        'os_name': os.name,
        'platform_machine': platform.machine(),
        'platform_python_implementation': platform.python_implementation(),
        'platform_release': platform.release(),
        'platform_system': platform.system(),
        'platform_version': platform.version(),
        'python_full_version': python_version + ('local' if python_version.endswith('+') else ''),
        'python_version': '.'.join(platform.python_version_tuple()[:2]),
        'sys_platform': sys.platform,
    },
}) + '\x1f')
