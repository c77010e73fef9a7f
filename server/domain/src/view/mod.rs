//! View models: what each screen shows, already cut to what the viewer may see.
