//! The one HTTP client: authentication, pacing, retry, limits, redaction.
