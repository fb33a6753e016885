/* The host's other interfaces: messages, paths, commands, downloads. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "internal.h"

/* ---- Messages ---- */

void recipe_log(recipe_level level, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *text = NULL;
    if (vasprintf(&text, format, arguments) < 0)
        abort();
    va_end(arguments);
    wit_string_t view = recipe_view(text);
    /* Keeps the order of printed lines and messages. */
    fflush(stdout);
    buildout_recipe_log_message((buildout_recipe_log_level_t)level, &view);
    free(text);
}

void recipe_activity(const char *text) {
    wit_string_t view = recipe_view(text);
    buildout_recipe_log_activity(&view);
}

/* ---- Files ---- */

bool recipe_is_directory(const char *path) {
    struct stat status;
    return !stat(path, &status) && S_ISDIR(status.st_mode);
}

int recipe_make_directories_at(const char *file, int line, const char *path) {
    if (recipe_is_directory(path))
        return 0;
    const char *slash = strrchr(path, '/');
    if (slash && slash > path &&
        recipe_make_directories_at(file, line, recipe_format("%.*s", (int)(slash - path), path)))
        return RECIPE_FAILED;
    if (mkdir(path, 0777) && errno != EEXIST)
        return recipe_fault_at(file, line, "cannot create %s: %s", path, strerror(errno));
    return 0;
}

static int fail_path(const char *path, buildout_recipe_paths_path_error_t *error) {
    static const char *const words[] = {"%s is outside the directories that the part may own", "%s is not a valid path",
                                        "%s cannot be used in this call", "%s: the number of paths exceeds buildout-host's limit",
                                        "%s does not exist", "%s exists"};
    char *text = NULL;
    int length = error->tag < sizeof words / sizeof *words
                     ? asprintf(&text, words[error->tag], path)
                     : asprintf(&text, "%s: %s", path, recipe_take(&error->val.other.message));
    if (length < 0)
        abort();
    wit_string_t message = {(uint8_t *)text, (size_t)length};
    return recipe_fail_named(false, &message);
}

int recipe_created(const char *path) {
    wit_string_t view = recipe_view(path);
    buildout_recipe_paths_path_error_t error;
    return buildout_recipe_paths_created(&view, &error) ? 0 : fail_path(path, &error);
}

int recipe_set_mode(const char *path, uint32_t mode) {
    wit_string_t view = recipe_view(path);
    buildout_recipe_paths_path_error_t error;
    return buildout_recipe_paths_set_mode(&view, mode, &error) ? 0 : fail_path(path, &error);
}

int recipe_look(const char *path, bool follow, recipe_status *status) {
    wit_string_t view = recipe_view(path);
    buildout_recipe_paths_status_t found;
    buildout_recipe_paths_path_error_t error;
    if (!buildout_recipe_paths_look(&view, follow, &found, &error))
        return fail_path(path, &error);
    *status = (recipe_status){(recipe_kind)found.kind, found.mode, found.user_id, found.group_id, found.links, found.size};
    return 0;
}

unsigned recipe_access(const char *path) {
    wit_string_t view = recipe_view(path);
    return buildout_recipe_paths_access(&view);
}

int recipe_make_link(const char *target, const char *path) {
    wit_string_t to = recipe_view(target), view = recipe_view(path);
    buildout_recipe_paths_path_error_t error;
    return buildout_recipe_paths_make_link(&to, &view, &error) ? 0 : fail_path(path, &error);
}

const char *recipe_read_link(const char *path) {
    wit_string_t view = recipe_view(path), target;
    buildout_recipe_paths_path_error_t error;
    if (buildout_recipe_paths_read_link(&view, &target, &error))
        return recipe_take(&target);
    fail_path(path, &error);
    return NULL;
}

const char *recipe_temporary_directory(void) {
    wit_string_t directory;
    buildout_recipe_paths_path_error_t error;
    if (buildout_recipe_paths_temporary_directory(&directory, &error))
        return recipe_take(&directory);
    fail_path("the temporary directory", &error);
    return NULL;
}

int recipe_lock_acquire(const char *path, void (*waiting)(void), recipe_lock *lock) {
    const struct timespec pause = {0, 100000000};
    for (;;) {
        wit_string_t view = recipe_view(path);
        buildout_recipe_paths_option_own_lock_t held;
        buildout_recipe_paths_path_error_t error;
        if (!buildout_recipe_paths_try_lock(&view, &held, &error))
            return fail_path(path, &error);
        if (held.is_some) {
            lock->handle = held.val.__handle;
            return 0;
        }
        if (waiting)
            waiting();
        waiting = NULL;
        nanosleep(&pause, NULL);
    }
}

void recipe_lock_release(recipe_lock *lock) {
    buildout_recipe_paths_lock_drop_own((buildout_recipe_paths_own_lock_t){lock->handle});
}

/* ---- Native commands ---- */

static int fail_process(buildout_recipe_process_process_error_t *error) {
    if (error->tag == BUILDOUT_RECIPE_PROCESS_PROCESS_ERROR_OTHER)
        return recipe_fail_named(false, &error->val.other.message);
    /* The user decides what is installed and what is granted. */
    bool user = error->tag == BUILDOUT_RECIPE_PROCESS_PROCESS_ERROR_NOT_GRANTED ||
                error->tag == BUILDOUT_RECIPE_PROCESS_PROCESS_ERROR_NOT_FOUND ||
                error->tag == BUILDOUT_RECIPE_PROCESS_PROCESS_ERROR_NOT_EXECUTABLE;
    return recipe_fail_named(user, &error->val.not_granted);
}

static buildout_recipe_process_borrow_runner_t borrowed_runner(const recipe_runner *runner) {
    return buildout_recipe_process_borrow_runner((buildout_recipe_process_own_runner_t){runner->handle});
}

int recipe_runner_open_all(recipe_runner *runner, const char *const *programs) {
    wit_list_string_t list = recipe_view_list(programs);
    buildout_recipe_process_own_runner_t opened;
    buildout_recipe_process_process_error_t error;
    if (!buildout_recipe_process_open(&list, &opened, &error))
        return fail_process(&error);
    runner->handle = opened.__handle;
    return 0;
}

void recipe_runner_close(recipe_runner *runner) {
    buildout_recipe_process_runner_drop_own((buildout_recipe_process_own_runner_t){runner->handle});
}

const char *recipe_build_directory(const recipe_runner *runner) {
    wit_string_t directory;
    buildout_recipe_process_method_runner_build_directory(borrowed_runner(runner), &directory);
    return recipe_take(&directory);
}

uint32_t recipe_jobs(const recipe_runner *runner) {
    return buildout_recipe_process_method_runner_jobs(borrowed_runner(runner));
}

const char *const *recipe_environment(const recipe_runner *runner) {
    wit_list_tuple2_string_string_t variables;
    buildout_recipe_process_method_runner_environment(borrowed_runner(runner), &variables);
    const char **taken = recipe_allocate((variables.len + 1) * sizeof *taken);
    for (size_t i = 0; i < variables.len; i++) {
        wit_string_t *name = &variables.ptr[i].f0, *value = &variables.ptr[i].f1;
        taken[i] = recipe_format("%.*s=%.*s", (int)name->len, (char *)name->ptr, (int)value->len, (char *)value->ptr);
    }
    wit_list_tuple2_string_string_free(&variables);
    return taken;
}

/* Converts `NAME=value` to pairs for the host. */
static wit_list_tuple2_string_string_t variables(const char *const *environment) {
    wit_list_tuple2_string_string_t list = {NULL, 0};
    while (environment && environment[list.len])
        list.len++;
    list.ptr = recipe_allocate(list.len * sizeof *list.ptr);
    for (size_t i = 0; i < list.len; i++) {
        const char *variable = environment[i], *sign = strchr(variable, '=');
        size_t length = sign ? (size_t)(sign - variable) : strlen(variable);
        list.ptr[i].f0 = (wit_string_t){(uint8_t *)variable, length};
        list.ptr[i].f1 = recipe_view(sign ? sign + 1 : "");
    }
    return list;
}

const char *recipe_find(const char *program) {
    wit_string_t name = recipe_view(program), path;
    return buildout_recipe_process_find(&name, NULL, &path) ? recipe_take(&path) : NULL;
}

/* What to do with a stream of a command. */
static buildout_recipe_process_output_t stream(recipe_output output, const char *file, bool append) {
    static const uint8_t tags[] = {BUILDOUT_RECIPE_PROCESS_OUTPUT_LOG, BUILDOUT_RECIPE_PROCESS_OUTPUT_SHOW,
                                   BUILDOUT_RECIPE_PROCESS_OUTPUT_CAPTURE, BUILDOUT_RECIPE_PROCESS_OUTPUT_DISCARD,
                                   BUILDOUT_RECIPE_PROCESS_OUTPUT_AS_OUTPUT};
    buildout_recipe_process_output_t stream = {.tag = tags[output]};
    if (file) {
        stream.tag = BUILDOUT_RECIPE_PROCESS_OUTPUT_FILE;
        stream.val.file = (buildout_recipe_process_output_file_t){recipe_view(file), append};
    }
    return stream;
}

/* The standard input of a command. */
static buildout_recipe_process_input_t input_of(const recipe_command *command) {
    buildout_recipe_process_input_t input = {.tag = BUILDOUT_RECIPE_PROCESS_INPUT_EMPTY};
    if (command->input_file) {
        input.tag = BUILDOUT_RECIPE_PROCESS_INPUT_FILE;
        input.val.file = recipe_view(command->input_file);
    } else if (command->input_size) {
        input.tag = BUILDOUT_RECIPE_PROCESS_INPUT_BYTES;
        input.val.bytes = (wit_list_u8_t){(uint8_t *)command->input, command->input_size};
    }
    return input;
}

int recipe_run(const recipe_runner *runner, const recipe_command *command, recipe_outcome *outcome) {
    buildout_recipe_process_command_t asked = {
        .program = recipe_view(command->program),
        .arguments = recipe_view_list(command->arguments),
        .directory = recipe_view(command->directory ? command->directory : "/"),
        .environment = variables(command->environment),
        .only_environment = command->only_environment,
        .standard_input = input_of(command),
        .deadline = {command->deadline != 0, command->deadline},
        .standard_output = stream(command->output, command->output_file, command->append),
        /* What is shown is shown with its errors. */
        .standard_error =
            stream(command->error || command->output != RECIPE_OUTPUT_SHOW ? command->error : RECIPE_OUTPUT_SHOW, NULL, false),
    };
    buildout_recipe_process_outcome_t became;
    buildout_recipe_process_process_error_t error;
    fflush(NULL);
    if (!buildout_recipe_process_method_runner_run(borrowed_runner(runner), &asked, &became, &error))
        return fail_process(&error);
    wit_string_t captured = {became.captured.ptr, became.captured.len};
    wit_string_t captured_error = {became.captured_error.ptr, became.captured_error.len};
    outcome->captured_size = captured.len;
    outcome->captured = recipe_take(&captured);
    outcome->captured_error_size = captured_error.len;
    outcome->captured_error = recipe_take(&captured_error);
    outcome->ending = became.ending.tag == BUILDOUT_RECIPE_PROCESS_ENDING_EXITED      ? RECIPE_EXITED
                      : became.ending.tag == BUILDOUT_RECIPE_PROCESS_ENDING_SIGNALLED ? RECIPE_SIGNALLED
                                                                                      : RECIPE_TIMED_OUT;
    outcome->status = became.ending.val.exited;
    return 0;
}

int recipe_call_all(const recipe_runner *runner, const char *directory, const char *const *words) {
    recipe_command command = {.program = words[0], .arguments = words + 1, .directory = directory};
    recipe_outcome outcome;
    if (recipe_run(runner, &command, &outcome))
        return RECIPE_FAILED;
    if (outcome.ending == RECIPE_TIMED_OUT)
        return recipe_user_error("%s exceeded its deadline", words[0]);
    if (outcome.ending == RECIPE_SIGNALLED)
        return recipe_user_error("%s was killed by signal %d", words[0], outcome.status);
    return outcome.status ? recipe_user_error("%s exited with status %d", words[0], outcome.status) : 0;
}

/* ---- Downloads ---- */

static int fail_download(buildout_recipe_download_download_error_t *error) {
    if (error->tag == BUILDOUT_RECIPE_DOWNLOAD_DOWNLOAD_ERROR_OTHER)
        return recipe_fail_named(false, &error->val.other.message);
    if (error->tag == BUILDOUT_RECIPE_DOWNLOAD_DOWNLOAD_ERROR_STATUS)
        return recipe_fail_named(true, &error->val.status.message);
    /* URLs, digests and archives come from the configuration. */
    return recipe_fail_named(true, &error->val.not_granted);
}

int recipe_downloader_open_all(recipe_downloader *downloader, const char *const *addresses) {
    wit_list_string_t list = recipe_view_list(addresses);
    buildout_recipe_download_own_downloader_t opened;
    buildout_recipe_download_download_error_t error;
    if (!buildout_recipe_download_open(&list, &opened, &error))
        return fail_download(&error);
    downloader->handle = opened.__handle;
    return 0;
}

void recipe_downloader_close(recipe_downloader *downloader) {
    buildout_recipe_download_downloader_drop_own((buildout_recipe_download_own_downloader_t){downloader->handle});
}

int recipe_fetch(const recipe_downloader *downloader, const char *url, recipe_digests digests, recipe_fetched *fetched) {
    const char *const values[] = {digests.md5, digests.sha256, digests.sha512};
    buildout_recipe_download_digest_t wanted[3];
    buildout_recipe_download_request_t request = {recipe_view(url), {wanted, 0}, {NULL, 0}};
    for (uint8_t algorithm = 0; algorithm < 3; algorithm++)
        if (values[algorithm])
            wanted[request.digests.len++] = (buildout_recipe_download_digest_t){algorithm, recipe_view(values[algorithm])};
    buildout_recipe_download_own_downloader_t own = {downloader->handle};
    buildout_recipe_download_own_fetched_t got;
    buildout_recipe_download_download_error_t error;
    if (!buildout_recipe_download_method_downloader_fetch(buildout_recipe_download_borrow_downloader(own), &request, &got,
                                                          &error))
        return fail_download(&error);
    fetched->handle = got.__handle;
    return 0;
}

void recipe_fetched_close(recipe_fetched *fetched) {
    buildout_recipe_download_fetched_drop_own((buildout_recipe_download_own_fetched_t){fetched->handle});
}

static buildout_recipe_download_borrow_fetched_t borrowed_fetched(const recipe_fetched *fetched) {
    return buildout_recipe_download_borrow_fetched((buildout_recipe_download_own_fetched_t){fetched->handle});
}

const char *recipe_fetched_sha256(const recipe_fetched *fetched) {
    wit_string_t digest;
    buildout_recipe_download_method_fetched_sha256(borrowed_fetched(fetched), &digest);
    return recipe_take(&digest);
}

uint64_t recipe_fetched_size(const recipe_fetched *fetched) {
    return buildout_recipe_download_method_fetched_size(borrowed_fetched(fetched));
}

const char *recipe_fetched_address(const recipe_fetched *fetched) {
    wit_string_t address;
    buildout_recipe_download_method_fetched_address(borrowed_fetched(fetched), &address);
    return recipe_take(&address);
}

int recipe_fetched_copy(const recipe_fetched *fetched, const char *path) {
    wit_string_t view = recipe_view(path);
    buildout_recipe_download_download_error_t error;
    return buildout_recipe_download_method_fetched_copy(borrowed_fetched(fetched), &view, &error) ? 0 : fail_download(&error);
}

int recipe_fetched_unpack(const recipe_fetched *fetched, const char *directory, recipe_top_level top_level,
                          const char *const **names) {
    wit_string_t view = recipe_view(directory);
    wit_list_string_t list;
    buildout_recipe_download_download_error_t error;
    if (!buildout_recipe_download_method_fetched_unpack(borrowed_fetched(fetched), &view,
                                                        (buildout_recipe_download_top_level_t)top_level, &list, &error))
        return fail_download(&error);
    const char *const *taken = recipe_take_list(&list);
    if (names)
        *names = taken;
    return 0;
}

/* ---- Archives ---- */

static int fail_archive(buildout_recipe_archives_archive_error_t *error) {
    if (error->tag == BUILDOUT_RECIPE_ARCHIVES_ARCHIVE_ERROR_OTHER)
        return recipe_fail_named(false, &error->val.other.message);
    /* Archives and directories come from the configuration. */
    return recipe_fail_named(true, &error->val.not_readable);
}

int recipe_unpack(const char *archive, const char *directory, recipe_top_level top_level, const char *const **names) {
    wit_string_t from = recipe_view(archive), to = recipe_view(directory);
    wit_list_string_t list;
    buildout_recipe_archives_archive_error_t error;
    if (!buildout_recipe_archives_unpack(&from, &to, (buildout_recipe_archives_top_level_t)top_level, &list, &error))
        return fail_archive(&error);
    const char *const *taken = recipe_take_list(&list);
    if (names)
        *names = taken;
    return 0;
}

int recipe_decompress(const char *compressed, const char *file) {
    wit_string_t from = recipe_view(compressed), to = recipe_view(file);
    uint64_t bytes;
    buildout_recipe_archives_archive_error_t error;
    return buildout_recipe_archives_decompress(&from, &to, &bytes, &error) ? 0 : fail_archive(&error);
}

/* ---- The buildout's Python ---- */

const char *recipe_python(unsigned version[3]) {
    buildout_recipe_python_interpreter_t interpreter;
    buildout_recipe_python_python_error_t error;
    if (!buildout_recipe_python_describe_interpreter(&interpreter, &error)) {
        if (error.tag == BUILDOUT_RECIPE_PYTHON_PYTHON_ERROR_OTHER)
            recipe_fail_named(false, &error.val.other.message);
        else
            recipe_fail_named(true, &error.val.missing);
        return NULL;
    }
    version[0] = interpreter.version_info.major;
    version[1] = interpreter.version_info.minor;
    version[2] = interpreter.version_info.micro;
    const char *executable =
        recipe_format("%.*s", (int)interpreter.executable.len, (const char *)interpreter.executable.ptr);
    buildout_recipe_python_interpreter_free(&interpreter);
    return executable;
}

/* ---- Python distributions ---- */

static int fail_distribution(buildout_recipe_distributions_distribution_error_t *error) {
    if (error->tag == BUILDOUT_RECIPE_DISTRIBUTIONS_DISTRIBUTION_ERROR_OTHER)
        return recipe_fail_named(false, &error->val.other.message);
    if (error->tag == BUILDOUT_RECIPE_DISTRIBUTIONS_DISTRIBUTION_ERROR_BUILD)
        return recipe_fail_named(true, &error->val.build.message);
    /* Requirements and versions come from the configuration. */
    return recipe_fail_named(true, &error->val.missing);
}

const char *const *recipe_distributions_all(const char *const *requirements) {
    wit_list_string_t wanted = recipe_view_list(requirements);
    buildout_recipe_distributions_list_distribution_t begin = {NULL, 0}, found;
    buildout_recipe_distributions_settings_t settings = {
        .destination = {.tag = BUILDOUT_RECIPE_DISTRIBUTIONS_DESTINATION_EGGS_DIRECTORY}, .report_picked = true};
    buildout_recipe_distributions_distribution_error_t error;
    if (!buildout_recipe_distributions_install(&wanted, &begin, &settings, &found, &error)) {
        fail_distribution(&error);
        return NULL;
    }
    const char **locations = recipe_allocate((found.len + 1) * sizeof *locations);
    for (size_t i = 0; i < found.len; i++)
        locations[i] = recipe_format("%.*s", (int)found.ptr[i].location.len, (const char *)found.ptr[i].location.ptr);
    buildout_recipe_distributions_list_distribution_free(&found);
    return locations;
}
