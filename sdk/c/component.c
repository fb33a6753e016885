/* Exports a recipe's entry points from a component. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* Memory of a part, newest first. */
struct allocation {
    struct allocation *before;
    max_align_t content[];
};

struct recipe_part {
    const recipe_entry_point *entry;
    struct allocation *allocations;
    buildout_recipe_options_own_options_t options;
    /* Valid only in `init`. */
    const buildout_recipe_buildout_borrow_buildout_t *buildout;
    void *data;
    /* The paths that the call reported. */
    wit_list_string_t paths;
    bool names_paths;
};

struct recipe_recorded {
    exports_buildout_recipe_parts_list_recorded_option_t list;
};

/* The owner of memory from `recipe_allocate`. Only one part is made at a time. */
static struct allocation **owner;

/* The failure in this call. */
static bool failed;
static buildout_recipe_types_failure_t failure;

/* wit-bindgen's code refers to an object file with the component's type. It is not needed, because the host adds the type. */
void __component_type_object_force_link_wit(void) {}

void *recipe_allocate(size_t size) {
    struct allocation *allocation = calloc(1, sizeof *allocation + size);
    if (!allocation)
        abort();
    allocation->before = *owner;
    *owner = allocation;
    return allocation->content;
}

static void release(struct allocation *allocation) {
    while (allocation) {
        struct allocation *before = allocation->before;
        free(allocation);
        allocation = before;
    }
}

wit_string_t recipe_view(const char *text) {
    wit_string_t view = {(uint8_t *)text, text ? strlen(text) : 0};
    return view;
}

wit_list_string_t recipe_view_list(const char *const *texts) {
    wit_list_string_t list = {NULL, 0};
    while (texts && texts[list.len])
        list.len++;
    list.ptr = recipe_allocate(list.len * sizeof *list.ptr);
    for (size_t i = 0; i < list.len; i++)
        list.ptr[i] = recipe_view(texts[i]);
    return list;
}

const char *recipe_take(wit_string_t *text) {
    char *taken = recipe_allocate(text->len + 1);
    if (text->len)
        memcpy(taken, text->ptr, text->len);
    wit_string_free(text);
    return taken;
}

const char *const *recipe_take_list(wit_list_string_t *list) {
    const char **taken = recipe_allocate((list->len + 1) * sizeof *taken);
    for (size_t i = 0; i < list->len; i++)
        taken[i] = recipe_take(&list->ptr[i]);
    wit_list_string_free(list);
    return taken;
}

wit_string_t recipe_duplicate(const char *text) {
    wit_string_t copy = {NULL, 0};
    if (text && *text)
        wit_string_dup(&copy, text);
    return copy;
}

/* ---- Failures ---- */

void recipe_forget_failure(void) {
    if (failed)
        buildout_recipe_types_failure_free(&failure);
    failed = false;
}

int recipe_fail(uint8_t kind, wit_string_t message) {
    recipe_forget_failure();
    failed = true;
    failure.tag = kind;
    failure.val.fault = message;
    return RECIPE_FAILED;
}

int recipe_fail_named(bool user, wit_string_t *message) {
    return recipe_fail(user ? BUILDOUT_RECIPE_TYPES_FAILURE_USER_ERROR : BUILDOUT_RECIPE_TYPES_FAILURE_FAULT, *message);
}

int recipe_fail_lookup(buildout_recipe_types_lookup_error_t *error) {
    recipe_forget_failure();
    failed = true;
    failure.tag = BUILDOUT_RECIPE_TYPES_FAILURE_LOOKUP;
    failure.val.lookup = *error;
    return RECIPE_FAILED;
}

const char *recipe_failure(void) {
    if (!failed)
        return NULL;
    wit_string_t message = failure.tag == BUILDOUT_RECIPE_TYPES_FAILURE_LOOKUP ? failure.val.lookup.message : failure.val.fault;
    return recipe_format("%.*s", (int)message.len, (const char *)message.ptr);
}

static wit_string_t printed(const char *format, va_list arguments) {
    char *text = NULL;
    if (vasprintf(&text, format, arguments) < 0)
        abort();
    wit_string_t string = {(uint8_t *)text, strlen(text)};
    return string;
}

int recipe_user_error(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    wit_string_t message = printed(format, arguments);
    va_end(arguments);
    return recipe_fail(BUILDOUT_RECIPE_TYPES_FAILURE_USER_ERROR, message);
}

int recipe_fault_at(const char *file, int line, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    wit_string_t message = printed(format, arguments);
    va_end(arguments);
    char *text = NULL;
    if (asprintf(&text, "%.*s (%s:%d)", (int)message.len, (const char *)message.ptr, file, line) < 0)
        abort();
    wit_string_free(&message);
    wit_string_t located = {(uint8_t *)text, strlen(text)};
    return recipe_fail(BUILDOUT_RECIPE_TYPES_FAILURE_FAULT, located);
}

const char *recipe_format(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    wit_string_t text = printed(format, arguments);
    va_end(arguments);
    return recipe_take(&text);
}

/* ---- The part ---- */

void *recipe_data(recipe_part *part) {
    return part->data;
}

static buildout_recipe_options_borrow_options_t options_of(recipe_part *part) {
    return buildout_recipe_options_borrow_options(part->options);
}

const char *recipe_part_name(recipe_part *part) {
    wit_string_t name;
    buildout_recipe_options_method_options_part(options_of(part), &name);
    return recipe_take(&name);
}

const char *recipe_location(recipe_part *part) {
    wit_string_t location;
    buildout_recipe_options_method_options_location(options_of(part), &location);
    return recipe_take(&location);
}

const char *recipe_get(recipe_part *part, const char *name) {
    wit_string_t asked = recipe_view(name);
    wit_option_string_t value;
    buildout_recipe_types_lookup_error_t error;
    if (buildout_recipe_options_method_options_get(options_of(part), &asked, &value, &error))
        return value.is_some ? recipe_take(&value.val) : NULL;
    recipe_fail_lookup(&error);
    return NULL;
}

const char *recipe_require(recipe_part *part, const char *name) {
    wit_string_t asked = recipe_view(name), value;
    buildout_recipe_types_lookup_error_t error;
    if (buildout_recipe_options_method_options_require(options_of(part), &asked, &value, &error))
        return recipe_take(&value);
    recipe_fail_lookup(&error);
    return NULL;
}

static int fail_set(const char *name, buildout_recipe_options_set_error_t *error) {
    static const char *const words[] = {"cannot be changed in this call", "does not have a valid name", "exists",
                                        "is longer than buildout-host allows"};
    const char *why = error->tag < sizeof words / sizeof *words ? words[error->tag] : recipe_take(&error->val.other.message);
    return recipe_fail(BUILDOUT_RECIPE_TYPES_FAILURE_FAULT, recipe_duplicate(recipe_format("option \"%s\" %s", name, why)));
}

int recipe_set(recipe_part *part, const char *name, const char *value) {
    wit_string_t asked = recipe_view(name), text = recipe_view(value);
    buildout_recipe_options_set_error_t error;
    if (buildout_recipe_options_method_options_set(options_of(part), &asked, &text, &error))
        return 0;
    return fail_set(name, &error);
}

int recipe_remove(recipe_part *part, const char *name) {
    wit_string_t asked = recipe_view(name);
    buildout_recipe_options_set_error_t error;
    if (buildout_recipe_options_method_options_remove(options_of(part), &asked, &error))
        return 0;
    return fail_set(name, &error);
}

const char *const *recipe_keys(recipe_part *part) {
    wit_list_string_t keys;
    buildout_recipe_types_lookup_error_t error;
    if (buildout_recipe_options_method_options_keys(options_of(part), &keys, &error))
        return recipe_take_list(&keys);
    recipe_fail_lookup(&error);
    return NULL;
}

int recipe_path(recipe_part *part, const char *path) {
    part->names_paths = true;
    if (!path)
        return 0;
    wit_string_t *paths = realloc(part->paths.ptr, (part->paths.len + 1) * sizeof *paths);
    if (!paths)
        abort();
    paths[part->paths.len] = recipe_duplicate(path);
    part->paths.ptr = paths;
    part->paths.len++;
    return 0;
}

/* The buildout: the one that is lent to `init`, or one that is opened once and kept. */
static const buildout_recipe_buildout_borrow_buildout_t *buildout_of(recipe_part *part) {
    static buildout_recipe_buildout_own_buildout_t opened;
    static buildout_recipe_buildout_borrow_buildout_t kept;
    static bool is_open;
    if (part->buildout)
        return part->buildout;
    if (!is_open) {
        opened = buildout_recipe_buildout_open();
        kept = buildout_recipe_buildout_borrow_buildout(opened);
        is_open = true;
    }
    return &kept;
}

const char *recipe_buildout_get(recipe_part *part, const char *section, const char *name) {
    const buildout_recipe_buildout_borrow_buildout_t *buildout = buildout_of(part);
    wit_string_t from = recipe_view(section), asked = recipe_view(name);
    wit_option_string_t value;
    buildout_recipe_types_lookup_error_t error;
    if (buildout_recipe_buildout_method_buildout_get(*buildout, &from, &asked, &value, &error))
        return value.is_some ? recipe_take(&value.val) : NULL;
    recipe_fail_lookup(&error);
    return NULL;
}

const char *recipe_buildout_require(recipe_part *part, const char *section, const char *name) {
    const buildout_recipe_buildout_borrow_buildout_t *buildout = buildout_of(part);
    wit_string_t from = recipe_view(section), asked = recipe_view(name), value;
    buildout_recipe_types_lookup_error_t error;
    if (buildout_recipe_buildout_method_buildout_require(*buildout, &from, &asked, &value, &error))
        return recipe_take(&value);
    recipe_fail_lookup(&error);
    return NULL;
}

const char *const *recipe_buildout_keys(recipe_part *part, const char *section) {
    const buildout_recipe_buildout_borrow_buildout_t *buildout = buildout_of(part);
    wit_string_t from = recipe_view(section);
    wit_list_string_t keys;
    buildout_recipe_types_lookup_error_t error;
    if (buildout_recipe_buildout_method_buildout_keys(*buildout, &from, &keys, &error))
        return recipe_take_list(&keys);
    recipe_fail_lookup(&error);
    return NULL;
}

const char *const *recipe_buildout_sections(recipe_part *part) {
    const buildout_recipe_buildout_borrow_buildout_t *buildout = buildout_of(part);
    wit_list_string_t sections;
    buildout_recipe_types_lookup_error_t error;
    if (buildout_recipe_buildout_method_buildout_sections(*buildout, &sections, &error))
        return recipe_take_list(&sections);
    recipe_fail_lookup(&error);
    return NULL;
}

const char *recipe_buildout_raw(recipe_part *part, const char *section, const char *name) {
    wit_string_t from = recipe_view(section), asked = recipe_view(name);
    wit_option_string_t value;
    buildout_recipe_types_lookup_error_t error;
    if (buildout_recipe_buildout_method_buildout_raw(*buildout_of(part), &from, &asked, &value, &error))
        return value.is_some ? recipe_take(&value.val) : NULL;
    recipe_fail_lookup(&error);
    return NULL;
}

const char *recipe_buildout_directory(recipe_part *part) {
    return recipe_buildout_require(part, "buildout", "directory");
}

const char *recipe_recorded_get(const recipe_recorded *recorded, const char *name) {
    size_t length = strlen(name);
    for (size_t i = 0; i < recorded->list.len; i++) {
        const exports_buildout_recipe_parts_recorded_option_t *option = &recorded->list.ptr[i];
        if (option->name.len == length && !memcmp(option->name.ptr, name, length))
            return recipe_format("%.*s", (int)option->value.len, (const char *)option->value.ptr);
    }
    return NULL;
}

/* ---- Calls ---- */

/* Combines the result of the author's function with the recorded failure. */
static bool succeeded(int result, const char *call, buildout_recipe_types_failure_t *into) {
    fflush(NULL);
    if (result && !failed)
        recipe_fail(BUILDOUT_RECIPE_TYPES_FAILURE_FAULT, recipe_duplicate(recipe_format("%s failed without a reason", call)));
    if (failed)
        *into = failure;
    bool success = !failed;
    failed = false;
    return success;
}

static const recipe_entry_point *entry_point(wit_string_t *name) {
    const recipe_entry_point *entry = recipe_entry_points;
    while (entry->name && (strlen(entry->name) != name->len || memcmp(entry->name, name->ptr, name->len)))
        entry++;
    wit_string_free(name);
    return entry;
}

bool exports_buildout_recipe_parts_init(wit_string_t *name, exports_buildout_recipe_parts_own_options_t options,
                                        exports_buildout_recipe_parts_borrow_buildout_t buildout,
                                        exports_buildout_recipe_parts_own_part_t *made,
                                        exports_buildout_recipe_parts_failure_t *error) {
    recipe_part *part = calloc(1, sizeof *part);
    if (!part)
        abort();
    owner = &part->allocations;
    part->entry = entry_point(name);
    part->options = options;
    part->buildout = &buildout;
    part->data = recipe_allocate(part->entry->data_size);
    bool success = succeeded(part->entry->init ? part->entry->init(part) : 0, "init", error);
    part->buildout = NULL;
    buildout_recipe_buildout_buildout_drop_borrow(buildout);
    if (success)
        *made = exports_buildout_recipe_parts_part_new((exports_buildout_recipe_parts_part_t *)part);
    else
        exports_buildout_recipe_parts_part_destructor((exports_buildout_recipe_parts_part_t *)part);
    return success;
}

void exports_buildout_recipe_parts_part_destructor(exports_buildout_recipe_parts_part_t *made) {
    recipe_part *part = (recipe_part *)made;
    buildout_recipe_options_options_drop_own(part->options);
    release(part->allocations);
    free(part);
}

/* Calls a function of the part. The caller owns the reported paths. */
static bool call(recipe_part *part, int (*function)(recipe_part *), const char *name, wit_list_string_t *paths,
                 exports_buildout_recipe_parts_failure_t *error) {
    owner = &part->allocations;
    part->names_paths = false;
    bool success = succeeded(function(part), name, error);
    *paths = part->paths;
    part->paths = (wit_list_string_t){NULL, 0};
    if (!success)
        wit_list_string_free(paths);
    return success;
}

bool exports_buildout_recipe_parts_method_part_install(exports_buildout_recipe_parts_borrow_part_t made,
                                                       wit_list_string_t *paths,
                                                       exports_buildout_recipe_parts_failure_t *error) {
    recipe_part *part = (recipe_part *)made;
    return call(part, part->entry->install, "install", paths, error);
}

bool exports_buildout_recipe_parts_method_part_inputs(exports_buildout_recipe_parts_borrow_part_t made,
                                                      exports_buildout_recipe_parts_inputs_t *inputs,
                                                      exports_buildout_recipe_parts_failure_t *error) {
    (void)made, (void)error;
    inputs->tag = EXPORTS_BUILDOUT_RECIPE_PARTS_INPUTS_UNKNOWN;
    inputs->val.unknown = recipe_duplicate("recipes written in C do not describe their inputs");
    return true;
}

bool exports_buildout_recipe_parts_method_part_update(exports_buildout_recipe_parts_borrow_part_t made,
                                                      wit_option_list_string_t *paths,
                                                      exports_buildout_recipe_parts_failure_t *error) {
    recipe_part *part = (recipe_part *)made;
    bool success = call(part, part->entry->update, "update", &paths->val, error);
    paths->is_some = part->names_paths;
    return success;
}

bool exports_buildout_recipe_parts_uninstall(wit_string_t *name, wit_string_t *part,
                                             exports_buildout_recipe_parts_list_recorded_option_t *list,
                                             exports_buildout_recipe_parts_failure_t *error) {
    struct allocation *allocations = NULL;
    owner = &allocations;
    const recipe_recorded recorded = {*list};
    const recipe_entry_point *entry = entry_point(name);
    bool success = succeeded(entry->uninstall ? entry->uninstall(recipe_take(part), &recorded) : 0, "uninstall", error);
    exports_buildout_recipe_parts_list_recorded_option_free(list);
    release(allocations);
    return success;
}
