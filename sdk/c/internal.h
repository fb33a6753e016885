/* Functions that the files of the SDK share. */

#ifndef BUILDOUT_RECIPE_INTERNAL_H
#define BUILDOUT_RECIPE_INTERNAL_H

#include "bindings/wit.h"
#include "buildout_recipe.h"

/* A string for the host, valid for one call. */
wit_string_t recipe_view(const char *text);

/* A list of strings for the host, valid for one call. */
wit_list_string_t recipe_view_list(const char *const *texts);

/* A copy of a string, for the host. NULL is an empty string. */
wit_string_t recipe_duplicate(const char *text);

/* Allocates memory that belongs to the part that is being made. */
void *recipe_allocate(size_t size);

/* Converts a string of the host to one of the part, and frees the original. */
const char *recipe_take(wit_string_t *text);

/* Converts a list of the host to one of the part that ends with NULL, and frees the original. */
const char *const *recipe_take_list(wit_list_string_t *list);

/* Records a failure. Takes ownership of the message. */
int recipe_fail(uint8_t kind, wit_string_t message);

/* Records an error of the host with a message: a user error, or a fault. */
int recipe_fail_named(bool user, wit_string_t *message);

/* Records an option that could not be read. Takes ownership of the error. */
int recipe_fail_lookup(buildout_recipe_types_lookup_error_t *error);

#endif
