// Counts the words of standard input, with what programs in Zig use: readers and writers, allocators, errors.

const std = @import("std");

pub fn main(init: std.process.Init) !void {
    const io = init.io;
    const arguments = try init.minimal.args.toSlice(init.arena.allocator());
    var in_buffer: [64]u8 = undefined;
    var in = std.Io.File.stdin().reader(io, &in_buffer);
    var out_buffer: [64]u8 = undefined;
    var out = std.Io.File.stdout().writer(io, &out_buffer);

    const text = try in.interface.allocRemaining(init.gpa, .unlimited);
    defer init.gpa.free(text);
    var counts: std.StringArrayHashMapUnmanaged(usize) = .empty;
    defer counts.deinit(init.gpa);
    var words = std.mem.tokenizeAny(u8, text, " \n");
    while (words.next()) |word| {
        const found = try counts.getOrPutValue(init.gpa, word, 0);
        found.value_ptr.* += 1;
    }
    for (counts.keys(), counts.values()) |word, count| try out.interface.print("{s} {d}\n", .{ word, count });
    try out.interface.print("{s} {d:.3}\n", .{ init.environ_map.get("NAME") orelse "nobody", 2.5 });
    try out.interface.flush();

    if (arguments.len > 1) return error.AsAsked;
    std.debug.print("done\n", .{});
}
