import Testing

/// Every test of this target: one after the other, because they share a machine whose memory,
/// processes and mounts they look at.
@Suite(
    "real mounts",
    .serialized,
    .enabled(if: Machine.obstacle == nil, Machine.comment)
)
enum Integration {}
