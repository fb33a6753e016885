/* What the files of the SDK share. */

#ifndef BUILDOUT_RECIPE_INTERNAL_H
#define BUILDOUT_RECIPE_INTERNAL_H

#include "bindings/wit.h"
#include "buildout_recipe.h"

/* A text that is lent to the host for one call. */
wit_string_t recipe_view(const char *text);

/* A list of texts that is lent to the host for one call. */
wit_list_string_t recipe_view_list(const char *const *texts);

/* Memory that belongs to the part that is being made. */
void *recipe_allocate(size_t size);

/* A text of the host's, as one of the part's; the host's is freed. */
const char *recipe_take(wit_string_t *text);

/* A list of the host's, as one of the part's that ends with NULL; the host's is freed. */
const char *const *recipe_take_list(wit_list_string_t *list);

/* Records what failed. Takes the message. */
int recipe_fail(uint8_t kind, wit_string_t message);

/* Records an error of the host's that has a message: the user's mistake, or a fault. */
int recipe_fail_named(bool user, wit_string_t *message);

/* Records an option that could not be read. Takes the error. */
int recipe_fail_lookup(buildout_recipe_types_lookup_error_t *error);

#endif
