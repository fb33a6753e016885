/* The description of the package. */

#include <stdlib.h>
#include <string.h>

#include "internal.h"

static void describe_option(const recipe_option *option, exports_buildout_recipe_description_option_description_t *into) {
    into->name = recipe_duplicate(option->name);
    into->documentation = recipe_duplicate(option->documentation);
    into->value_type.tag = (uint8_t)option->type;
    if (option->other_type) {
        into->value_type.tag = EXPORTS_BUILDOUT_RECIPE_DESCRIPTION_OPTION_TYPE_OTHER;
        into->value_type.val.other = recipe_duplicate(option->other_type);
    } else if (option->choices) {
        wit_list_string_t choices = {NULL, 0};
        while (option->choices[choices.len])
            choices.len++;
        choices.ptr = calloc(choices.len + 1, sizeof *choices.ptr);
        for (size_t i = 0; i < choices.len; i++)
            choices.ptr[i] = recipe_duplicate(option->choices[i]);
        into->value_type.tag = EXPORTS_BUILDOUT_RECIPE_DESCRIPTION_OPTION_TYPE_CHOICE;
        into->value_type.val.choice = choices;
    }
    into->presence.tag = option->required ? EXPORTS_BUILDOUT_RECIPE_DESCRIPTION_PRESENCE_REQUIRED
                         : option->default_value ? EXPORTS_BUILDOUT_RECIPE_DESCRIPTION_PRESENCE_DEFAULT
                                                 : EXPORTS_BUILDOUT_RECIPE_DESCRIPTION_PRESENCE_OPTIONAL;
    into->presence.val.default_ = recipe_duplicate(option->required ? NULL : option->default_value);
}

static void describe_grant(const recipe_grant *grant, exports_buildout_recipe_description_grant_t *into) {
    static const char *const kinds[] = {"read",    "write",         "env",    "run",    "fetch",
                                        "network", "distributions", "memory", "timeout"};
    into->tag = 0;
    while (into->tag < EXPORTS_BUILDOUT_RECIPE_DESCRIPTION_GRANT_OTHER && strcmp(kinds[into->tag], grant->kind))
        into->tag++;
    switch (into->tag) {
    case EXPORTS_BUILDOUT_RECIPE_DESCRIPTION_GRANT_DISTRIBUTIONS:
        break;
    case EXPORTS_BUILDOUT_RECIPE_DESCRIPTION_GRANT_MEMORY:
    case EXPORTS_BUILDOUT_RECIPE_DESCRIPTION_GRANT_TIMEOUT:
        into->val.memory = grant->amount;
        break;
    case EXPORTS_BUILDOUT_RECIPE_DESCRIPTION_GRANT_OTHER:
        into->val.other.name = recipe_duplicate(grant->kind);
        into->val.other.value = recipe_duplicate(grant->value);
        break;
    default:
        into->val.read = recipe_duplicate(grant->value);
    }
}

static void describe_entry_point(const recipe_entry_point *entry, exports_buildout_recipe_description_entry_point_t *into) {
    into->name = recipe_duplicate(entry->name);
    into->documentation = recipe_duplicate(entry->documentation);
    while (entry->options && entry->options[into->options.len].name)
        into->options.len++;
    into->options.ptr = calloc(into->options.len + 1, sizeof *into->options.ptr);
    for (size_t i = 0; i < into->options.len; i++)
        describe_option(&entry->options[i], &into->options.ptr[i]);
    while (entry->grants && entry->grants[into->grants.len].kind)
        into->grants.len++;
    into->grants.ptr = calloc(into->grants.len + 1, sizeof *into->grants.ptr);
    for (size_t i = 0; i < into->grants.len; i++)
        describe_grant(&entry->grants[i], &into->grants.ptr[i]);
    into->has_update = entry->update != NULL;
    into->has_uninstall = entry->uninstall != NULL;
    into->other_options = entry->other_options;
}

void exports_buildout_recipe_description_describe(exports_buildout_recipe_description_package_description_t *into) {
    memset(into, 0, sizeof *into);
    into->name = recipe_duplicate(recipe_package);
    into->version = recipe_duplicate(recipe_version);
    while (recipe_entry_points[into->entry_points.len].name)
        into->entry_points.len++;
    into->entry_points.ptr = calloc(into->entry_points.len + 1, sizeof *into->entry_points.ptr);
    for (size_t i = 0; i < into->entry_points.len; i++)
        describe_entry_point(&recipe_entry_points[i], &into->entry_points.ptr[i]);
}
