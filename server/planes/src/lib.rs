//! Control planes: connections, discovery, watch caches, dry run, apply.
