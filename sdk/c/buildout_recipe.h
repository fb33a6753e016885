/* Write buildout recipes in C: WebAssembly components for buildout-host.
 *
 *     #include "buildout_recipe.h"
 *
 *     static const recipe_option options[] = {
 *         {.name = "text", .required = true, .documentation = "The text to write."},
 *         {0},
 *     };
 *
 *     static int install(recipe_part *part) {
 *         const char *text = recipe_require(part, "text");
 *         const char *path = recipe_format("%s/note.txt", recipe_location(part));
 *         if (!text || recipe_make_directories(recipe_location(part)))
 *             return RECIPE_FAILED;
 *         FILE *file = fopen(path, "w");
 *         if (!file || fputs(text, file) < 0 || fclose(file))
 *             return recipe_fault("cannot write %s: %s", path, strerror(errno));
 *         return recipe_path(part, recipe_location(part));
 *     }
 *
 *     RECIPE_EXPORT({.name = "default", .documentation = "Writes text to a file.", .options = options, .install = install})
 *
 * Results: functions that return `int` return 0, or RECIPE_FAILED on failure. Functions that return a pointer return NULL on
 * failure. The SDK records the failure and reports it to the host when the call ends, so a recipe only has to return
 * RECIPE_FAILED. Use `recipe_failure` and `recipe_forget_failure` to continue after a failure.
 *
 * Memory: values that these functions return belong to the part, and are freed with it. Do not free them.
 *
 * For files, use the C library with the absolute paths of the machine. A recipe can access the part's location (read and write),
 * the buildout (read) and what `recipes.toml` grants. Its standard output is shown, line by line. A component that does not call
 * the functions for commands or downloads cannot use them. */

#ifndef BUILDOUT_RECIPE_H
#define BUILDOUT_RECIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The result of a function that failed. */
#define RECIPE_FAILED (-1)

#define RECIPE_PRINTF(text, first) __attribute__((format(printf, text, first)))

/* An initialized part. */
typedef struct recipe_part recipe_part;

/* ---- Description ------------------------------------------------------------------------------------------------ */

/* The type of an option's value. The recipe always reads a string. */
typedef enum {
    RECIPE_TEXT,
    RECIPE_PATH,    /* may be relative to the buildout directory */
    RECIPE_BOOLEAN, /* `true` or `false` */
    RECIPE_INTEGER,
    RECIPE_WORDS, /* separated by whitespace */
    RECIPE_LINES, /* one item per line */
} recipe_type;

/* An option that a recipe reads. A list of them ends with `{0}`. */
typedef struct {
    const char *name;
    recipe_type type;
    bool required;
    const char *default_value;    /* if the option is missing */
    const char *const *choices;   /* allowed values; ends with NULL */
    const char *other_type;       /* a type that this version does not know */
    const char *documentation;    /* Markdown */
} recipe_option;

/* A grant that a recipe requests in addition to its location (read and write) and the buildout directory (read). It gets only
 * what `recipes.toml` grants. A list of them ends with `{0}`: RECIPE_GRANT_READ("/opt"), {0}. */
typedef struct {
    const char *kind;
    const char *value;
    uint64_t amount;
} recipe_grant;

#define RECIPE_GRANT_READ(directory) {"read", directory, 0}
#define RECIPE_GRANT_WRITE(directory) {"write", directory, 0}
#define RECIPE_GRANT_ENV(variable) {"env", variable, 0}
#define RECIPE_GRANT_RUN(program) {"run", program, 0}
#define RECIPE_GRANT_FETCH(address) {"fetch", address, 0}
#define RECIPE_GRANT_NETWORK(program) {"network", program, 0}
#define RECIPE_GRANT_DISTRIBUTIONS {"distributions", NULL, 0}
#define RECIPE_GRANT_MEMORY(bytes) {"memory", NULL, bytes}
#define RECIPE_GRANT_TIMEOUT(milliseconds) {"timeout", NULL, milliseconds}
#define RECIPE_GRANT_OTHER(name, value) {name, value, 0}

/* The recorded options of an installed part: see `recipe_recorded_get`. */
typedef struct recipe_recorded recipe_recorded;

/* A recipe: one kind of part. */
typedef struct {
    /* Its name. "default" can be omitted in `recipe = package:name`. */
    const char *name;
    /* What it makes, in Markdown: one line, then an empty line, then any details. */
    const char *documentation;
    /* The options that it reads, and the grants that it requests. Each may be NULL. */
    const recipe_option *options;
    const recipe_grant *grants;
    /* The size of the recipe's data in a part: see `recipe_data`. */
    size_t data_size;
    /* Reads and completes the part's options. It must not create anything. May be NULL. */
    int (*init)(recipe_part *part);
    /* Makes the part, and reports the paths that belong to it (`recipe_path`). */
    int (*install)(recipe_part *part);
    /* Updates an installed part whose options have not changed. If it reports no paths, they have not changed. If this is NULL,
     * the part is installed again in each run. */
    int (*update)(recipe_part *part);
    /* Undoes what the part did elsewhere, before its paths are removed. Its section may no longer exist. May be NULL. */
    int (*uninstall)(const char *part, const recipe_recorded *recorded);
    /* Whether it may read options that it does not describe: the host then does not report those as misspelled. */
    bool other_options;
} recipe_entry_point;

/* Exports the entry points, so that the program becomes a component. Use it exactly once. Set the name and version of the package
 * with compiler flags: -DRECIPE_PACKAGE='"name"' -DRECIPE_VERSION='"0.1.0"'. */
#define RECIPE_EXPORT(...)                                                                 \
    const char *const recipe_package = RECIPE_PACKAGE;                                     \
    const char *const recipe_version = RECIPE_VERSION;                                     \
    const recipe_entry_point recipe_entry_points[] = {__VA_ARGS__, {0}};

extern const char *const recipe_package;
extern const char *const recipe_version;
extern const recipe_entry_point recipe_entry_points[];

/* ---- The part ---------------------------------------------------------------------------------------------------- */

/* The recipe's data in the part: `data_size` bytes, initially zero. */
void *recipe_data(recipe_part *part);

/* The name of the part. */
const char *recipe_part_name(recipe_part *part);

/* The absolute path of the part's own directory. The recipe may create, write to and remove it. */
const char *recipe_location(recipe_part *part);

/* The option's value with all references replaced, or NULL if it is missing. */
const char *recipe_get(recipe_part *part, const char *name);

/* The option's value. For a missing option, the failure suggests a similar name. */
const char *recipe_require(recipe_part *part, const char *name);

/* Sets the option, for this part and all sections that reference it. Outside `init`, it is not recorded. */
int recipe_set(recipe_part *part, const char *name, const char *value);

/* Removes the option. A missing option is not a failure. */
int recipe_remove(recipe_part *part, const char *name);

/* The names of the options, in the order in which they were written. Ends with NULL. */
const char *const *recipe_keys(recipe_part *part);

/* Reports a path that belongs to the part. It is recorded, and removed when the part is uninstalled. It is absolute, or relative
 * to the buildout directory. In `update`, NULL means that the part no longer has any paths. */
int recipe_path(recipe_part *part, const char *path);

/* ---- The other sections ------------------------------------------------------------------------------------------ */

/* Like `recipe_get`, `recipe_require` and `recipe_keys`, for another section. In `init`, reading one makes the part depend on it;
 * in other calls, its current options are returned. */
const char *recipe_buildout_get(recipe_part *part, const char *section, const char *name);
const char *recipe_buildout_require(recipe_part *part, const char *section, const char *name);
const char *const *recipe_buildout_keys(recipe_part *part, const char *section);

/* The names of all sections, in the order of their first appearance. Ends with NULL. This creates no dependency. */
const char *const *recipe_buildout_sections(recipe_part *part);

/* The option's value with its references not replaced, or NULL if it is missing. This creates no dependency. */
const char *recipe_buildout_raw(recipe_part *part, const char *section, const char *name);

/* The absolute path of the buildout directory. */
const char *recipe_buildout_directory(recipe_part *part);

/* The recorded value of an option of the part that is being uninstalled, or NULL. */
const char *recipe_recorded_get(const recipe_recorded *recorded, const char *name);

/* ---- Failures ---------------------------------------------------------------------------------------------------- */

/* Reports a user error, printed as `Error: <message>`. Log details that help to correct it before. */
int recipe_user_error(const char *format, ...) RECIPE_PRINTF(1, 2);

/* Reports a failure of the recipe or its environment. The message ends with the line. */
#define recipe_fault(...) recipe_fault_at(__FILE__, __LINE__, __VA_ARGS__)
int recipe_fault_at(const char *file, int line, const char *format, ...) RECIPE_PRINTF(3, 4);

/* The message of the failure in this call, or NULL. */
const char *recipe_failure(void);

/* Discards the failure in this call. */
void recipe_forget_failure(void);

/* ---- Messages ---------------------------------------------------------------------------------------------------- */

typedef enum { RECIPE_DEBUG, RECIPE_INFO, RECIPE_WARNING, RECIPE_ERROR, RECIPE_CRITICAL } recipe_level;

/* Logs a message under the part's name. */
void recipe_log(recipe_level level, const char *format, ...) RECIPE_PRINTF(2, 3);
#define recipe_debug(...) recipe_log(RECIPE_DEBUG, __VA_ARGS__)
#define recipe_info(...) recipe_log(RECIPE_INFO, __VA_ARGS__)
#define recipe_warning(...) recipe_log(RECIPE_WARNING, __VA_ARGS__)
#define recipe_error(...) recipe_log(RECIPE_ERROR, __VA_ARGS__)

/* Reports in a few words what the recipe is doing now, for the live lines on a terminal. */
void recipe_activity(const char *text);

/* ---- Strings and files ------------------------------------------------------------------------------------------- */

/* Formats a string like `sprintf`. */
const char *recipe_format(const char *format, ...) RECIPE_PRINTF(1, 2);

/* Whether the path is a directory. */
bool recipe_is_directory(const char *path);

/* Makes a directory and its parents. It may already exist. */
#define recipe_make_directories(path) recipe_make_directories_at(__FILE__, __LINE__, path)
int recipe_make_directories_at(const char *file, int line, const char *path);

/* Announces that the recipe is about to create `path`. The host removes it if the call then fails. */
int recipe_created(const char *path);

/* Sets the permissions (such as 0755). `chmod` does nothing in a recipe, because WASI has no permissions. */
int recipe_set_mode(const char *path, uint32_t mode);

/* A type of file. */
typedef enum { RECIPE_FILE, RECIPE_DIRECTORY, RECIPE_LINK, RECIPE_SPECIAL } recipe_kind;

/* The status of a file or directory, with the fields that WASI omits. */
typedef struct {
    recipe_kind kind;
    uint32_t mode;
    uint32_t user_id;
    uint32_t group_id;
    uint64_t links;
    uint64_t size;
} recipe_status;

/* Looks at a file or directory that the recipe may read, or at a directory above one. Follows a symbolic link if `follow`. */
int recipe_look(const char *path, bool follow, recipe_status *status);

/* What the recipe and its commands may do with a path: 1 read, 2 write, 4 execute. 0 if it does not exist. */
unsigned recipe_access(const char *path);

/* Creates a symbolic link with any target, also an absolute one. */
int recipe_make_link(const char *target, const char *path);

/* The target of a symbolic link, or NULL after a failure. */
const char *recipe_read_link(const char *path);

/* The part's temporary directory, or NULL after a failure. Its commands see it under the same path, and as `TMPDIR`. It is removed
 * after the run. */
const char *recipe_temporary_directory(void);

/* Locks a file, for a place that several buildouts write to. The recipe must be allowed to write to the file, which is created if
 * it does not exist. `waiting`, if not NULL, is called once if the lock is held elsewhere. */
typedef struct {
    int32_t handle;
} recipe_lock;
int recipe_lock_acquire(const char *path, void (*waiting)(void), recipe_lock *lock);
void recipe_lock_release(recipe_lock *lock);

/* ---- Native commands --------------------------------------------------------------------------------------------- */

/* Starts commands, while a part is installed, updated or uninstalled. A recipe needs the grant `run` for each program. */
typedef struct {
    int32_t handle;
} recipe_runner;

/* A runner for these programs (names, absolute paths, or `*` for all): recipe_runner_open(&runner, "make", "sh"). */
#define recipe_runner_open(runner, ...) recipe_runner_open_all(runner, (const char *const[]){__VA_ARGS__, NULL})
int recipe_runner_open_all(recipe_runner *runner, const char *const *programs);
void recipe_runner_close(recipe_runner *runner);

/* The absolute path of the part's build directory. The recipe creates and removes it. */
const char *recipe_build_directory(const recipe_runner *runner);

/* The number of processors that the part may use. `make` needs no `-j`: it uses the host's jobserver. */
uint32_t recipe_jobs(const recipe_runner *runner);

/* The environment of each command, as `NAME=value`. Ends with NULL. */
const char *const *recipe_environment(const recipe_runner *runner);

/* The path of a program in the `PATH` of commands, or NULL. */
const char *recipe_find(const char *program);

/* What to do with a stream of a command: log it, also show it immediately, return it, discard it, or, only for the standard error,
 * merge it with the standard output. */
typedef enum {
    RECIPE_OUTPUT_LOG,
    RECIPE_OUTPUT_SHOW,
    RECIPE_OUTPUT_CAPTURE,
    RECIPE_OUTPUT_DISCARD,
    RECIPE_OUTPUT_AS_OUTPUT,
} recipe_output;

/* A command. Lists end with NULL; each may be NULL. */
typedef struct {
    const char *program;
    const char *const *arguments;
    const char *directory;            /* absolute; `/` if NULL */
    const char *const *environment;   /* `NAME=value`, added to the runner's environment */
    const void *input;                /* its standard input */
    size_t input_size;
    uint64_t deadline;                /* milliseconds after which it is killed; 0 for none */
    recipe_output output;             /* of the standard output */
    recipe_output error;              /* of the standard error */
    const char *output_file;          /* writes the standard output to this file, absolute */
    bool append;                      /* to the end of that file */
    const char *input_file;           /* its standard input is the content of this file, absolute */
    bool only_environment;            /* it gets no other variables than `environment` */
} recipe_command;

/* The outcome of a command. */
typedef struct {
    enum { RECIPE_EXITED, RECIPE_SIGNALLED, RECIPE_TIMED_OUT } ending;
    int status;           /* its exit status, or the signal that killed it */
    const char *captured; /* its standard output, if captured; ends with NUL */
    size_t captured_size;
    const char *captured_error; /* its standard error, if captured; ends with NUL */
    size_t captured_error_size;
} recipe_outcome;

/* Runs a command and waits for it. A failure of the command is an outcome, not a failure of this function. */
int recipe_run(const recipe_runner *runner, const recipe_command *command, recipe_outcome *outcome);

/* Like `recipe_run`, but a failure of the command is a user error. Example: recipe_call(&runner, "/srv", "make", "install"). */
#define recipe_call(runner, directory, ...) recipe_call_all(runner, directory, (const char *const[]){__VA_ARGS__, NULL})
int recipe_call_all(const recipe_runner *runner, const char *directory, const char *const *command);

/* ---- Downloads --------------------------------------------------------------------------------------------------- */

/* Downloads files, in the call that opened it. A recipe needs the grant `fetch` for each URL. */
typedef struct {
    int32_t handle;
} recipe_downloader;

/* A downloaded file in the host's cache. */
typedef struct {
    int32_t handle;
} recipe_fetched;

/* A downloader for URLs with these prefixes, or `*` for all: recipe_downloader_open(&downloader, "https://example.com/"). */
#define recipe_downloader_open(downloader, ...) \
    recipe_downloader_open_all(downloader, (const char *const[]){__VA_ARGS__, NULL})
int recipe_downloader_open_all(recipe_downloader *downloader, const char *const *addresses);
void recipe_downloader_close(recipe_downloader *downloader);

/* The expected digests of a file, in hexadecimal digits. Each may be NULL. */
typedef struct {
    const char *md5;
    const char *sha256;
    const char *sha512;
} recipe_digests;

/* Downloads a file, or takes it from the cache. `url` is a URL (`http:`, `https:`, `file:`) or a path. */
int recipe_fetch(const recipe_downloader *downloader, const char *url, recipe_digests digests, recipe_fetched *fetched);
void recipe_fetched_close(recipe_fetched *fetched);

/* Its SHA-256 digest, and its size in bytes. */
const char *recipe_fetched_sha256(const recipe_fetched *fetched);
uint64_t recipe_fetched_size(const recipe_fetched *fetched);

/* Its URL after redirects, without credentials. */
const char *recipe_fetched_address(const recipe_fetched *fetched);

/* Copies it to the absolute path `path`. An existing file is replaced. */
int recipe_fetched_copy(const recipe_fetched *fetched, const char *path);

/* What to do with the top-level directory of an archive. */
typedef enum { RECIPE_KEEP, RECIPE_STRIP, RECIPE_STRIP_IF_SINGLE } recipe_top_level;

/* Unpacks an archive (tar, plain or compressed with gzip, bzip2, xz or zstd; zip) to the absolute path `directory`, which must not
 * exist or be empty. If `names` is not NULL, it is set to the names in the directory, which end with NULL. */
int recipe_fetched_unpack(const recipe_fetched *fetched, const char *directory, recipe_top_level top_level,
                          const char *const **names);

/* ---- Archives ---------------------------------------------------------------------------------------------------- */

/* As `recipe_fetched_unpack`, for an archive that the recipe may read. Paths are absolute, or relative to the buildout directory. */
int recipe_unpack(const char *archive, const char *directory, recipe_top_level top_level, const char *const **names);

/* Decompresses a file (gzip, bzip2, xz or zstd) to `file`, which is replaced. */
int recipe_decompress(const char *compressed, const char *file);

/* ---- Python ------------------------------------------------------------------------------------------------------ */

/* The path of the buildout's Python; `version` is set to its major, minor and micro version. NULL after a failure. */
const char *recipe_python(unsigned version[3]);

/* Installs the missing distributions for these requirements and their dependencies, with the settings of the section `buildout`.
 * Returns their entries in `sys.path`, which end with NULL; NULL after a failure. A recipe needs the grant `distributions`. The
 * other functions of `distributions.wit` are in `bindings/wit.h`. */
#define recipe_distributions(...) recipe_distributions_all((const char *const[]){__VA_ARGS__, NULL})
const char *const *recipe_distributions_all(const char *const *requirements);

#ifdef __cplusplus
}
#endif

#endif
