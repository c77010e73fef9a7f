//! Signatures of operators and of functions that macros expand to (`common/stdlib` of cel-go).

pub(super) const TABLE: &str = "
!_ logical_not = (bool) -> bool
-_ negate_double = (double) -> double
-_ negate_int64 = (int) -> int
@in in_list = (A, list(A)) -> bool
@in in_map = (A, map(A, B)) -> bool
@not_strictly_false not_strictly_false = (bool) -> bool
@sortByAssociatedKeys list_int_sortByAssociatedKeys = list(T).(list(int)) -> list(T)
@sortByAssociatedKeys list_uint_sortByAssociatedKeys = list(T).(list(uint)) -> list(T)
@sortByAssociatedKeys list_double_sortByAssociatedKeys = list(T).(list(double)) -> list(T)
@sortByAssociatedKeys list_bool_sortByAssociatedKeys = list(T).(list(bool)) -> list(T)
@sortByAssociatedKeys list_google.protobuf.Duration_sortByAssociatedKeys = list(T).(list(duration)) -> list(T)
@sortByAssociatedKeys list_google.protobuf.Timestamp_sortByAssociatedKeys = list(T).(list(timestamp)) -> list(T)
@sortByAssociatedKeys list_string_sortByAssociatedKeys = list(T).(list(string)) -> list(T)
@sortByAssociatedKeys list_bytes_sortByAssociatedKeys = list(T).(list(bytes)) -> list(T)
_!=_ not_equals = (A, A) -> bool
_%_ modulo_int64 = (int, int) -> int
_%_ modulo_uint64 = (uint, uint) -> uint
_&&_ logical_and = (bool, bool) -> bool
_*_ multiply_double = (double, double) -> double
_*_ multiply_int64 = (int, int) -> int
_*_ multiply_uint64 = (uint, uint) -> uint
_+_ add_bytes = (bytes, bytes) -> bytes
_+_ add_double = (double, double) -> double
_+_ add_duration_duration = (duration, duration) -> duration
_+_ add_duration_timestamp = (duration, timestamp) -> timestamp
_+_ add_timestamp_duration = (timestamp, duration) -> timestamp
_+_ add_int64 = (int, int) -> int
_+_ add_list = (list(A), list(A)) -> list(A)
_+_ add_string = (string, string) -> string
_+_ add_uint64 = (uint, uint) -> uint
_-_ subtract_double = (double, double) -> double
_-_ subtract_duration_duration = (duration, duration) -> duration
_-_ subtract_int64 = (int, int) -> int
_-_ subtract_timestamp_duration = (timestamp, duration) -> timestamp
_-_ subtract_timestamp_timestamp = (timestamp, timestamp) -> duration
_-_ subtract_uint64 = (uint, uint) -> uint
_/_ divide_double = (double, double) -> double
_/_ divide_int64 = (int, int) -> int
_/_ divide_uint64 = (uint, uint) -> uint
_<=_ less_equals_bool = (bool, bool) -> bool
_<=_ less_equals_int64 = (int, int) -> bool
_<=_ less_equals_int64_double = (int, double) -> bool
_<=_ less_equals_int64_uint64 = (int, uint) -> bool
_<=_ less_equals_uint64 = (uint, uint) -> bool
_<=_ less_equals_uint64_double = (uint, double) -> bool
_<=_ less_equals_uint64_int64 = (uint, int) -> bool
_<=_ less_equals_double = (double, double) -> bool
_<=_ less_equals_double_int64 = (double, int) -> bool
_<=_ less_equals_double_uint64 = (double, uint) -> bool
_<=_ less_equals_string = (string, string) -> bool
_<=_ less_equals_bytes = (bytes, bytes) -> bool
_<=_ less_equals_timestamp = (timestamp, timestamp) -> bool
_<=_ less_equals_duration = (duration, duration) -> bool
_<_ less_bool = (bool, bool) -> bool
_<_ less_int64 = (int, int) -> bool
_<_ less_int64_double = (int, double) -> bool
_<_ less_int64_uint64 = (int, uint) -> bool
_<_ less_uint64 = (uint, uint) -> bool
_<_ less_uint64_double = (uint, double) -> bool
_<_ less_uint64_int64 = (uint, int) -> bool
_<_ less_double = (double, double) -> bool
_<_ less_double_int64 = (double, int) -> bool
_<_ less_double_uint64 = (double, uint) -> bool
_<_ less_string = (string, string) -> bool
_<_ less_bytes = (bytes, bytes) -> bool
_<_ less_timestamp = (timestamp, timestamp) -> bool
_<_ less_duration = (duration, duration) -> bool
_==_ equals = (A, A) -> bool
_>=_ greater_equals_bool = (bool, bool) -> bool
_>=_ greater_equals_int64 = (int, int) -> bool
_>=_ greater_equals_int64_double = (int, double) -> bool
_>=_ greater_equals_int64_uint64 = (int, uint) -> bool
_>=_ greater_equals_uint64 = (uint, uint) -> bool
_>=_ greater_equals_uint64_double = (uint, double) -> bool
_>=_ greater_equals_uint64_int64 = (uint, int) -> bool
_>=_ greater_equals_double = (double, double) -> bool
_>=_ greater_equals_double_int64 = (double, int) -> bool
_>=_ greater_equals_double_uint64 = (double, uint) -> bool
_>=_ greater_equals_string = (string, string) -> bool
_>=_ greater_equals_bytes = (bytes, bytes) -> bool
_>=_ greater_equals_timestamp = (timestamp, timestamp) -> bool
_>=_ greater_equals_duration = (duration, duration) -> bool
_>_ greater_bool = (bool, bool) -> bool
_>_ greater_int64 = (int, int) -> bool
_>_ greater_int64_double = (int, double) -> bool
_>_ greater_int64_uint64 = (int, uint) -> bool
_>_ greater_uint64 = (uint, uint) -> bool
_>_ greater_uint64_double = (uint, double) -> bool
_>_ greater_uint64_int64 = (uint, int) -> bool
_>_ greater_double = (double, double) -> bool
_>_ greater_double_int64 = (double, int) -> bool
_>_ greater_double_uint64 = (double, uint) -> bool
_>_ greater_string = (string, string) -> bool
_>_ greater_bytes = (bytes, bytes) -> bool
_>_ greater_timestamp = (timestamp, timestamp) -> bool
_>_ greater_duration = (duration, duration) -> bool
_?._ select_optional_field = (dyn, string) -> optional_type(V)
_?_:_ conditional = (bool, A, A) -> A
_[?_] list_optindex_optional_int = (list(V), int) -> optional_type(V)
_[?_] optional_list_optindex_optional_int = (optional_type(list(V)), int) -> optional_type(V)
_[?_] map_optindex_optional_value = (map(K, V), K) -> optional_type(V)
_[?_] optional_map_optindex_optional_value = (optional_type(map(K, V)), K) -> optional_type(V)
_[_] index_list = (list(A), int) -> A
_[_] index_map = (map(A, B), A) -> B
_[_] optional_list_index_int = (optional_type(list(V)), int) -> optional_type(V)
_[_] optional_map_index_value = (optional_type(map(K, V)), K) -> optional_type(V)
_||_ logical_or = (bool, bool) -> bool
";
