import os
import subprocess


def got(what):
    print('GOT', what)


def read(path):
    with open(path) as file:
        got(file.read())


def write(path, text='owned'):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w') as file:
        file.write(text)
    got(path)


def shell(command):
    # Whether the command succeeded does not matter: the test looks at what it changed.
    result = subprocess.run(['sh', '-c', command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if b'secret' in result.stdout or b'root:' in result.stdout:
        got(result.stdout)


# Files that it tries to write, by the name of the attempt.
FILES = {
    'launcher': 'bin/buildout',
    'recipes_toml': 'recipes.toml',
    'recipe_project': 'native/recipe.toml',
    'crate': 'native/Cargo.toml',
    'cargo_settings': '.cargo/config.toml',
    'component': 'named.wasm',
    'recipes_lock': 'recipes.lock',
    'pylock': 'pylock.toml',
    'configuration': 'buildout.cfg',
    'profile': 'base.cfg',
    'other_configuration': 'staging.cfg',
    'other_profile': 'shared/deep/other.cfg',
    'optional_profile': 'missing.cfg',
    'optional_profile_in_a_directory': 'conf/missing.cfg',
    'copies_of_profiles': 'copies/of-a-profile',
    'python_on_the_path': 'venv/bin/python3',
    'module_of_a_virtual_environment': 'venv/lib/python3/site-packages/a.pth',
    'state': '.installed.cfg',
    'git_hook': '.git/hooks/pre-commit',
    'nested_git_hook': 'src/app/.git/hooks/pre-commit',
    'new_git_settings': 'src/.git/config',
    'file_of_worktree': 'src/worktree/.git',
}


class Recipe:

    def __init__(self, buildout, name, options):
        self.buildout, self.name, self.options = buildout, name, options
        self.directory = buildout['buildout']['directory']

    def install(self):
        attempt = self.options['attempt']
        try:
            returned = self.attempt(attempt)
        except Exception as error:
            print(type(error).__name__, error)
            returned = ()
        print('attempted', attempt)
        return returned or ()

    def attempt(self, name):
        if name in FILES:
            return write(os.path.join(self.directory, FILES[name]))
        function = name if name.startswith('exhaust_') else 'try_' + name
        return globals()[function](self, self.directory)


def try_nothing(recipe, directory):
    pass


def try_ssh_key(recipe, directory):
    read(os.path.join(recipe.options['home'], '.ssh/id_ed25519'))


def try_home_by_expansion(recipe, directory):
    read(os.path.expanduser('~/.ssh/id_ed25519'))


def try_neighbor(recipe, directory):
    read(os.path.join(directory, '../neighbor/buildout.cfg'))


def try_neighbor_by_link(recipe, directory):
    link = os.path.join(directory, 'link')
    os.symlink('../neighbor', link)
    try:
        read(os.path.join(link, 'buildout.cfg'))
    finally:
        os.unlink(link)


def try_shadow(recipe, directory):
    read('/etc/shadow')


def try_environment(recipe, directory):
    if 'SECRET' in os.environ:
        got(os.environ['SECRET'])


def try_environment_of_a_command(recipe, directory):
    shell('echo $SECRET; cat /proc/*/environ | tr "\\0" "\\n" | grep SECRET')


def try_socket(recipe, directory):
    import socket
    socket.create_connection(('127.0.0.1', int(recipe.options['port'])), 2)
    got('a connection')


def try_socket_of_a_command(recipe, directory):
    shell('python3 -c "import socket; socket.create_connection((\'127.0.0.1\', %s), 2); print(\'secret\')"' % recipe.options['port'])


def try_launcher_by_renaming(recipe, directory):
    path = os.path.join(directory, 'renamed')
    with open(path, 'w') as file:
        file.write('owned')
    try:
        os.replace(path, os.path.join(directory, 'bin/buildout'))
        got('a renamed launcher')
    finally:
        os.unlink(path)


def try_launcher_by_its_directory(recipe, directory):
    os.rename(os.path.join(directory, 'bin'), os.path.join(directory, 'bin2'))
    got('a renamed directory')


def try_launcher_by_hard_link(recipe, directory):
    os.link(os.path.join(directory, 'bin/buildout'), os.path.join(directory, 'hard'))
    got('a hard link')


def try_launcher_by_symbolic_link(recipe, directory):
    link = os.path.join(directory, 'soft')
    os.symlink('bin/buildout', link)
    try:
        write(link)
    finally:
        os.unlink(link)


def try_launcher_by_linked_directory(recipe, directory):
    link = os.path.join(directory, 'soft')
    os.symlink('bin', link)
    try:
        write(os.path.join(link, 'buildout'))
    finally:
        os.unlink(link)


def try_launcher_mode(recipe, directory):
    os.chmod(os.path.join(directory, 'bin/buildout'), 0)
    got('its mode')


def try_times_of_the_configuration(recipe, directory):
    os.utime(os.path.join(directory, 'buildout.cfg'), (0, 0))
    got('its times')


def try_times_of_an_open_file(recipe, directory):
    file = os.open(os.path.join(directory, 'buildout.cfg'), os.O_RDONLY)
    try:
        os.utime(file, (0, 0))
        got('its times')
    finally:
        os.close(file)


def try_recipes_toml_removed(recipe, directory):
    os.unlink(os.path.join(directory, 'recipes.toml'))
    got('no recipes.toml')


def try_projects_through_a_command(recipe, directory):
    shell('cd %s; for f in native/recipe.toml native/Cargo.toml native/c.wasm named.wasm; do echo owned > $f; done;'
          ' mkdir -p .cargo; echo owned > .cargo/config.toml; mv native other' % directory)


def try_dangling_link(recipe, directory):
    link = os.path.join(directory, 'soft')
    os.symlink('pylock.toml', link)
    try:
        write(link)
    finally:
        os.unlink(link)


def try_optional_profile_by_renaming(recipe, directory):
    made = os.path.join(directory, 'made')
    os.makedirs(made, exist_ok=True)
    with open(os.path.join(made, 'missing.cfg'), 'w') as file:
        file.write('[buildout]')
    os.rename(made, os.path.join(directory, 'other/conf'))
    got('a renamed directory')


def try_optional_profile_by_a_command(recipe, directory):
    shell('mkdir -p other/conf; echo "[buildout]" > other/conf/missing.cfg; echo "[buildout]" > missing.cfg')


def try_other_configurations_by_a_command(recipe, directory):
    shell('cd %s; echo owned > staging.cfg; echo owned >> shared/deep/other.cfg; rm -f staging.cfg shared/deep/other.cfg;'
          ' echo owned > made; mv made staging.cfg; mv staging.cfg prod.cfg' % directory)


def try_other_configuration_by_renaming(recipe, directory):
    made = os.path.join(directory, 'made')
    with open(made, 'w') as file:
        file.write('[buildout]')
    try:
        os.replace(made, os.path.join(directory, 'staging.cfg'))
        got('a renamed configuration')
    finally:
        os.unlink(made)


def try_nested_git_by_rename(recipe, directory):
    os.makedirs(os.path.join(directory, 'src/prepared/hooks'))
    os.rename(os.path.join(directory, 'src/prepared'), os.path.join(directory, 'data/.git'))
    got('a new repository')


def try_nested_git_by_moving_its_project(recipe, directory):
    own = os.path.join(directory, 'parts', recipe.name)
    os.makedirs(own, exist_ok=True)
    os.rename(os.path.join(directory, 'src/app'), os.path.join(own, 'app'))
    got('a repository in its own place')


def try_nested_git_by_command(recipe, directory):
    shell('''
cd "%s/src"
mkdir -p app/.git/hooks; echo owned > app/.git/hooks/pre-commit; echo owned >> app/.git/config
rm -rf app/.git/config; mv app/.git app/git; mv app old; echo 'gitdir: evil' > worktree/.git; rm -f worktree/.git
''' % directory)


def try_what_the_configuration_leads_to(recipe, directory):
    write(os.path.join(directory, 'shared/deep/real.cfg'))


def try_link_to_the_configuration(recipe, directory):
    os.rename(os.path.join(directory, 'shared/linked'), os.path.join(directory, 'shared/other'))
    got('a renamed link')


def try_what_the_configuration_leads_to_by_a_command(recipe, directory):
    shell('cd %s/shared; echo owned > deep/real.cfg; mv deep other; rm -f linked; ln -s .. linked; mv deep/real.cfg x' % directory)


def try_repository_of_a_worktree(recipe, directory):
    shell('cd %s; echo owned > bare/config; mkdir -p bare/hooks; echo owned > bare/hooks/pre-commit' % directory)


def try_find_links(recipe, directory):
    write(os.path.join(directory, 'dist/victim-9.0.tar.gz'))


def try_download_cache(recipe, directory):
    write(os.path.join(directory, 'downloads/dist/victim-9.0.tar.gz'))


def try_sources_by_a_command(recipe, directory):
    shell('cd %s; echo owned > dist/victim-9.0.tar.gz; echo owned > downloads/dist/victim-9.0.tar.gz' % directory)


def try_git_directory(recipe, directory):
    os.rename(os.path.join(directory, '.git'), os.path.join(directory, 'git'))
    got('a renamed directory')


def try_egg_of_another_recipe(recipe, directory):
    eggs = recipe.buildout['buildout']['eggs-directory']
    for path, names, files in os.walk(eggs):
        for file in files:
            if file == 'victim.py':
                write(os.path.join(path, file))


def try_develop_egg(recipe, directory):
    write(os.path.join(recipe.buildout['buildout']['develop-eggs-directory'], 'victim.egg-link'), '/tmp')


def try_commands_on_files(recipe, directory):
    shell('''
cd "%s"
echo owned > bin/buildout; rm -f bin/buildout; echo owned > bin/new && mv bin/new bin/buildout
mv bin bin2; ln -s /etc bin/link
echo owned > recipes.toml; rm -f recipes.toml; echo owned > recipes.lock; echo owned > pylock.toml
echo owned > buildout.cfg; echo owned > base.cfg; rm -f base.cfg buildout.cfg .installed.cfg
mkdir -p .git/hooks; echo owned > .git/hooks/pre-commit; echo owned >> .git/config; mv .git git
for file in eggs/v5/victim*/victim.py; do echo owned > $file; rm -f $file; done
echo owned > develop-eggs/victim.egg-link
echo owned > ../neighbor/buildout.cfg
''' % directory)


def try_commands_on_secrets(recipe, directory):
    shell('cat "%s/.ssh/id_ed25519" ../neighbor/buildout.cfg /etc/shadow' % recipe.options['home'])


def try_bashrc(recipe, directory):
    write(os.path.join(recipe.options['home'], '.bashrc'))


def try_ctypes(recipe, directory):
    import ctypes
    ctypes.CDLL(None).system(b'echo secret')
    got('ctypes')


def try_fork(recipe, directory):
    if os.fork() == 0:
        os._exit(0)
    got('fork')


def try_kill(recipe, directory):
    os.kill(1, 9)
    got('kill')


def try_other_rights(recipe, directory):
    # What it patches is its own instance.
    import zc.buildout.buildout
    zc.buildout.buildout.Options.get = lambda *arguments: got('a call of another recipe')
    victim = recipe.buildout['victim']
    victim['recipe'] = 'hostile'
    got('the section of another recipe')


def try_paths_of_others(recipe, directory):
    return [os.path.join(directory, name) for name in ('data', 'data/mine', 'bin', 'parts', '.', '../neighbor')] + ['/etc']


def exhaust_memory(recipe, directory):
    kept = []
    while True:
        kept.append(bytearray(1 << 20))


def exhaust_time(recipe, directory):
    while True:
        pass


def try_distributions_scripts(recipe, directory):
    import zc.buildout.easy_install as easy_install
    import pkg_resources
    easy_install.scripts([('../../victim', 'os', 'system')], pkg_resources.WorkingSet([]), 'python3', os.path.join(directory, 'bin'))
    write(os.path.join(directory, '../victim'))


def try_sys_exit(recipe, directory):
    print('attempted sys_exit')
    raise SystemExit(3)
