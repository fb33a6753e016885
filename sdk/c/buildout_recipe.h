/* Write buildout recipes in C: WebAssembly components for buildout-host.
 *
 *     #include "buildout_recipe.h"
 *
 *     static const recipe_option options[] = {
 *         {.name = "text", .required = true, .documentation = "What to write."},
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
 *     RECIPE_EXPORT({.name = "default", .documentation = "Keeps a text in a file.", .options = options, .install = install})
 *
 * Results: functions that return `int` give 0 or RECIPE_FAILED, functions that return a pointer give NULL if they fail. What
 * failed is kept, and is what the host is told when the call ends, whatever the call returns: just return RECIPE_FAILED.
 * `recipe_failure` and `recipe_forget_failure` are for recipes that can go on.
 *
 * Memory: what these functions return belongs to the part, and is freed with it. Do not free it.
 *
 * Files are those of the C library, by their absolute paths on the host. What can be reached is the part's location (read and
 * write), the buildout (read) and what `recipes.toml` grants. What is printed is shown, line by line. A component that does not
 * call the functions for commands or downloads cannot ask for them. */

#ifndef BUILDOUT_RECIPE_H
#define BUILDOUT_RECIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a function returns that did not succeed. */
#define RECIPE_FAILED (-1)

#define RECIPE_PRINTF(text, first) __attribute__((format(printf, text, first)))

/* A part that was initialised. */
typedef struct recipe_part recipe_part;

/* ---- Describing ------------------------------------------------------------------------------------------------- */

/* What an option's value looks like. The recipe always reads text. */
typedef enum {
    RECIPE_TEXT,
    RECIPE_PATH,    /* relative ones are relative to the buildout directory */
    RECIPE_BOOLEAN, /* `true` or `false` */
    RECIPE_INTEGER,
    RECIPE_WORDS, /* separated by white space */
    RECIPE_LINES, /* one item per line */
} recipe_type;

/* An option that a recipe reads. A list of them ends with `{0}`. */
typedef struct {
    const char *name;
    recipe_type type;
    bool required;
    const char *default_value;    /* taken where it is left out */
    const char *const *choices;   /* it is one of these; ends with NULL */
    const char *other_type;       /* a type that has no name of its own in this version */
    const char *documentation;    /* Markdown */
} recipe_option;

/* What a recipe needs beyond its own location (read and write) and the buildout directory (read). It gets only what
 * `recipes.toml` grants. A list of them ends with `{0}`: RECIPE_GRANT_READ("/opt"), {0}. */
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
#define RECIPE_GRANT_MEMORY(bytes) {"memory", NULL, bytes}
#define RECIPE_GRANT_TIMEOUT(milliseconds) {"timeout", NULL, milliseconds}
#define RECIPE_GRANT_OTHER(name, value) {name, value, 0}

/* The options of an installed part, as they were recorded: see `recipe_recorded_get`. */
typedef struct recipe_recorded recipe_recorded;

/* One kind of part. */
typedef struct {
    /* Its name; "default" can be left out in `recipe = package:name`. */
    const char *name;
    /* What it makes: one line, then, after an empty line, as much as is useful. Markdown. */
    const char *documentation;
    /* The options that it reads, and the grants that it needs; each may be NULL. */
    const recipe_option *options;
    const recipe_grant *grants;
    /* The size of what the recipe keeps in a part: see `recipe_data`. */
    size_t data_size;
    /* Reads and completes the part's options. Must not make anything. May be NULL. */
    int (*init)(recipe_part *part);
    /* Makes the part, and names the paths that make it up (`recipe_path`). */
    int (*install)(recipe_part *part);
    /* Brings an installed part up to date, whose options have not changed. If it names no paths, they are as before. NULL if the
     * part is to be installed again in each run. */
    int (*update)(recipe_part *part);
    /* Undoes what the part did elsewhere, before its paths are removed. Its section may be gone. May be NULL. */
    int (*uninstall)(const char *part, const recipe_recorded *recorded);
} recipe_entry_point;

/* Makes a component of the program: names the entry points, once in it. Name and version of the package are given when it is
 * compiled: -DRECIPE_PACKAGE='"name"' -DRECIPE_VERSION='"0.1.0"'. */
#define RECIPE_EXPORT(...)                                                                 \
    const char *const recipe_package = RECIPE_PACKAGE;                                     \
    const char *const recipe_version = RECIPE_VERSION;                                     \
    const recipe_entry_point recipe_entry_points[] = {__VA_ARGS__, {0}};

extern const char *const recipe_package;
extern const char *const recipe_version;
extern const recipe_entry_point recipe_entry_points[];

/* ---- The part ---------------------------------------------------------------------------------------------------- */

/* What the recipe keeps in the part: `data_size` bytes, zero at first. */
void *recipe_data(recipe_part *part);

/* The name of the part. */
const char *recipe_part_name(recipe_part *part);

/* The part's own place, absolute. Create it where it is needed; it may be written and removed. */
const char *recipe_location(recipe_part *part);

/* The option's value, with all references replaced; NULL if the section does not have it. */
const char *recipe_get(recipe_part *part, const char *name);

/* The option's value. If it is missing, the host names it, and what was probably meant. */
const char *recipe_require(recipe_part *part, const char *name);

/* Sets the option, for this part and all that refer to it. Only in `init`. */
int recipe_set(recipe_part *part, const char *name, const char *value);

/* The names of the options, in the order in which they were written; ends with NULL. */
const char *const *recipe_keys(recipe_part *part);

/* Says that this path is one of those that make up the part: recorded, and removed when it is uninstalled. Absolute, or relative
 * to the buildout directory. In `update`, NULL says that there are none any more. */
int recipe_path(recipe_part *part, const char *path);

/* ---- The other sections: only in `init` --------------------------------------------------------------------------- */

/* As `recipe_get`, `recipe_require` and `recipe_keys`, of another section. Reading one makes the part depend on it. */
const char *recipe_buildout_get(recipe_part *part, const char *section, const char *name);
const char *recipe_buildout_require(recipe_part *part, const char *section, const char *name);
const char *const *recipe_buildout_keys(recipe_part *part, const char *section);

/* The names of all sections, in the order in which they were first written; ends with NULL. Depends on nothing. */
const char *const *recipe_buildout_sections(recipe_part *part);

/* The buildout directory, absolute. */
const char *recipe_buildout_directory(recipe_part *part);

/* The recorded value of an option of the part that is uninstalled; NULL if there was none. */
const char *recipe_recorded_get(const recipe_recorded *recorded, const char *name);

/* ---- Failures ---------------------------------------------------------------------------------------------------- */

/* A mistake of the user: printed as `Error: <message>`. Log what helps to correct it before. */
int recipe_user_error(const char *format, ...) RECIPE_PRINTF(1, 2);

/* Something did not work that should have. The message tells the line. */
#define recipe_fault(...) recipe_fault_at(__FILE__, __LINE__, __VA_ARGS__)
int recipe_fault_at(const char *file, int line, const char *format, ...) RECIPE_PRINTF(3, 4);

/* What has failed in this call, in words; NULL if nothing has. */
const char *recipe_failure(void);

/* Goes on as if nothing had failed in this call. */
void recipe_forget_failure(void);

/* ---- Messages ---------------------------------------------------------------------------------------------------- */

typedef enum { RECIPE_DEBUG, RECIPE_INFO, RECIPE_WARNING, RECIPE_ERROR, RECIPE_CRITICAL } recipe_level;

/* Logs a message under the part's name. */
void recipe_log(recipe_level level, const char *format, ...) RECIPE_PRINTF(2, 3);
#define recipe_debug(...) recipe_log(RECIPE_DEBUG, __VA_ARGS__)
#define recipe_info(...) recipe_log(RECIPE_INFO, __VA_ARGS__)
#define recipe_warning(...) recipe_log(RECIPE_WARNING, __VA_ARGS__)
#define recipe_error(...) recipe_log(RECIPE_ERROR, __VA_ARGS__)

/* Says in a few words what the recipe is doing now, for the live display of a terminal. */
void recipe_activity(const char *text);

/* ---- Texts and files --------------------------------------------------------------------------------------------- */

/* A text, as `sprintf` makes it. */
const char *recipe_format(const char *format, ...) RECIPE_PRINTF(1, 2);

/* Whether a directory is there. */
bool recipe_is_directory(const char *path);

/* Makes a directory, with those above it. It may be there. */
#define recipe_make_directories(path) recipe_make_directories_at(__FILE__, __LINE__, path)
int recipe_make_directories_at(const char *file, int line, const char *path);

/* Tells the host that the recipe is about to create `path`, so that it is removed if the call fails later on. */
int recipe_created(const char *path);

/* Sets the permissions (such as 0755): `chmod` does nothing in a recipe, since WASI has no permissions. */
int recipe_set_mode(const char *path, uint32_t mode);

/* Takes the lock of a file, which must lie where the recipe may write, and is created where there is none. For what several
 * buildouts make at one place. `waiting`, if not NULL, is called once if somebody else holds the lock. */
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

/* A directory of the part's own to build in, absolute. The recipe creates and removes it. */
const char *recipe_build_directory(const recipe_runner *runner);

/* How many processors the part may use. `make` needs no `-j`: the host's jobserver is in MAKEFLAGS. */
uint32_t recipe_jobs(const recipe_runner *runner);

/* The environment that each command has, as `NAME=value`; ends with NULL. */
const char *const *recipe_environment(const recipe_runner *runner);

/* What is done with what a command prints: kept in the part's log, shown as it comes, or given back. */
typedef enum { RECIPE_OUTPUT_LOG, RECIPE_OUTPUT_SHOW, RECIPE_OUTPUT_CAPTURE } recipe_output;

/* A command. Lists end with NULL; each may be NULL. */
typedef struct {
    const char *program;
    const char *const *arguments;
    const char *directory;            /* absolute; `/` if NULL */
    const char *const *environment;   /* `NAME=value`, beside or in place of the runner's own */
    const void *input;                /* what it reads */
    size_t input_size;
    uint64_t deadline;                /* milliseconds after which it is ended; 0 for none */
    recipe_output output;
} recipe_command;

/* What became of a command. */
typedef struct {
    enum { RECIPE_EXITED, RECIPE_SIGNALLED, RECIPE_TIMED_OUT } ending;
    int status;           /* its exit status, or the signal that ended it */
    const char *captured; /* what it printed, if that was to be captured; ends with NUL */
    size_t captured_size;
} recipe_outcome;

/* Runs a command and waits for its end. That it ends badly is an outcome, not an error. */
int recipe_run(const recipe_runner *runner, const recipe_command *command, recipe_outcome *outcome);

/* As `recipe_run`; that the command ends badly is the user's error. Arguments: recipe_call(&runner, "/srv", "make", "install"). */
#define recipe_call(runner, directory, ...) recipe_call_all(runner, directory, (const char *const[]){__VA_ARGS__, NULL})
int recipe_call_all(const recipe_runner *runner, const char *directory, const char *const *command);

/* ---- Downloads --------------------------------------------------------------------------------------------------- */

/* Fetches files, while a part is installed or updated. A recipe needs the grant `fetch` for each address. */
typedef struct {
    int32_t handle;
} recipe_downloader;

/* A file that was fetched; it lies in the host's cache. */
typedef struct {
    int32_t handle;
} recipe_fetched;

/* A downloader for addresses that begin so, or `*` for all: recipe_downloader_open(&downloader, "https://example.com/"). */
#define recipe_downloader_open(downloader, ...) \
    recipe_downloader_open_all(downloader, (const char *const[]){__VA_ARGS__, NULL})
int recipe_downloader_open_all(recipe_downloader *downloader, const char *const *addresses);
void recipe_downloader_close(recipe_downloader *downloader);

/* Digests in hexadecimal digits that a file must have; each may be NULL. */
typedef struct {
    const char *md5;
    const char *sha256;
    const char *sha512;
} recipe_digests;

/* Fetches a file, or takes it from the cache. `url` is `http:`, `https:`, `file:`, or a path. */
int recipe_fetch(const recipe_downloader *downloader, const char *url, recipe_digests digests, recipe_fetched *fetched);
void recipe_fetched_close(recipe_fetched *fetched);

/* Its SHA-256 digest, and its size in bytes. */
const char *recipe_fetched_sha256(const recipe_fetched *fetched);
uint64_t recipe_fetched_size(const recipe_fetched *fetched);

/* Copies it to `path`, absolute. What is there is replaced. */
int recipe_fetched_copy(const recipe_fetched *fetched, const char *path);

/* What is done with the one directory that holds everything else in an archive. */
typedef enum { RECIPE_KEEP, RECIPE_STRIP, RECIPE_STRIP_IF_SINGLE } recipe_top_level;

/* Unpacks it (tar, also compressed with gzip, bzip2, xz or zstd; zip) to `directory`, absolute, which must not exist, or be empty.
 * `names`, if not NULL, is given the names in it; they end with NULL. */
int recipe_fetched_unpack(const recipe_fetched *fetched, const char *directory, recipe_top_level top_level,
                          const char *const **names);

#ifdef __cplusplus
}
#endif

#endif
