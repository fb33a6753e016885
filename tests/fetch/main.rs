//! Downloads and archives, through the library: over real sockets on the loopback interface, and on a real file system.

mod archives;
mod downloads;
mod space;
