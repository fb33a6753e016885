/* Encodes an image of one pixel into memory: needs libpng, and zlib through it. */
#include <png.h>
#include <stdio.h>

static void count(png_structp png, png_bytep data, size_t length) {
    (void)data;
    *(size_t *)png_get_io_ptr(png) += length;
}

static void flush(png_structp png) { (void)png; }

int main(void) {
    unsigned char pixel[3] = {1, 2, 3};
    png_bytep rows[1] = {pixel};
    size_t written = 0;
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info || setjmp(png_jmpbuf(png))) return 1;
    png_set_write_fn(png, &written, count, flush);
    png_set_IHDR(png, info, 1, 1, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_set_rows(png, info, rows);
    png_write_png(png, info, PNG_TRANSFORM_IDENTITY, NULL);
    puts(written > 50 ? "encoded" : "nothing was written");
    return written > 50 ? 0 : 1;
}
