//! The HTTP surface: routes, headers, and the one table from errors to answers.
