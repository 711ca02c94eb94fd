// Every event on every state of a slot, of a VMO with TRAP_DIRTY and of one without.
//
// Goal: the tables of ZIRCON.md section 3, whole and literally. Method: a VMO of one page is
// brought into each state; a thread makes the calls of the row while a pager answers what they ask
// for; then the state, the packets, the flag and the status are held against the cell.

import Support
import Testing

@testable import VMCore

/// What becomes of the slot of a VMO with TRAP_DIRTY, by row and column.
///
/// A row is a list of calls made one after the other, a column the state before:
///
///     E Empty   M Marker   C Clean   D Dirty   A AwaitingClean
///     Z dirty zeros   B dirty zeros whose writeback has begun   U untracked zeros   x cut off
///
/// A cell is the state after; before `>` the packets that were sent, R for READ (answered with
/// data) and D for DIRTY (answered with OP_DIRTY); `*` if the modified flag is set then; after `!`
/// the status with which the call failed.
private let trappingTable = """
    calls                 E        M       C       D     A       Z       B       U
    read                : R>C      M       C       D     A       Z       B       U
    prefetch            : R>C      M       C       D     A       Z       B       U
    always need         : R>C      M       C       D     A       Z       B       U
    commit              : R>C      C       C       D     A       D>D     D>D     D>D
    write               : RD>D*    D>D*    D>D*    D*    D>D*    D>D*    D>D*    D>D*
    write from nowhere  : RD>D!-25 D>D!-25 D>D!-25 D!-25 D>D!-25 D>D!-25 D>D!-25 D>D!-25
    refuse, read        : R>E!-40  M       C       D     A       Z       B       U
    refuse, write       : R>E!-40  D>M!-40 D>C!-40 D*    D>A!-40 D>Z!-40 D>B!-40 D>U!-40
    refuse, commit      : R>E!-40  C       C       D     A       D>Z!-40 D>B!-40 D>U!-40
    supply              : C        M       C       D     A       Z       B       U
    supply zeros        : M        M       C       D     A       Z       B       U
    op dirty            : E!-25    D       D       D     D       D       D       D
    fail                : E        M       C       D     A       Z       B       U
    begin               : E        M       C       A     A       B       B       U
    begin zero          : E        M       C       D     A       B       B       U
    end                 : E        M       C       D     C       Z       E       U
    begin, end          : E        M       C       C     C       E       E       U
    begin zero, end     : E        M       C       D     C       E       E       U
    begin, begin, end   : E        M       C       C     C       E       E       U
    begin, write, end   : RD>D*    D>D*    D>D*    D>D*  D>D*    D>D*    D>D*    D>D*
    begin, read, end    : R>C      M       C       C     C       E       E       U
    begin, commit, end  : R>C      C       C       C     C       D>D     D>D     D>D
    zero                : Z*       M*      Z*      Z*    Z*      Z*      B*      Z*
    zero part           : RD>D*    M       D>D*    D*    D>D*    Z       B       U
    begin, zero, end    : Z*       M*      Z*      Z*    Z*      E*      E*      Z*
    shrink              : x*       x*      x*      x*    x*      x*      x*      x*
    same size           : E*       M*      C*      D*    A*      Z*      B*      U*
    grow                : E*       M*      C*      D*    A*      Z*      B*      U*
    shrink, grow        : Z*       Z*      Z*      Z*    Z*      Z*      Z*      Z*
    size in page        : RD>D*    M*      D>D*    D*    D>D*    Z*      B*      U*
    refuse, size in page: R>E*     M*      D>C*    D*    D>A*    Z*      B*      U*
    stream size 0       : U        U       U       U     U       U       U       U
    stream size in page : RD>D*    M       D>D*    D*    D>D*    Z       B       Z*
    detach              : E        E       E       D     A       Z       B       U
    evict               : E        M       E       D     A       Z       B       U
    do not need         : E        M       C       D     A       Z       B       U
    detach, detach      : E        E       E       D     A       Z       B       U
    detach, read        : E!-20    E!-20   E!-20   D     A       Z       B       U
    detach, write       : E!-20    E!-20   E!-20   D*    A!-20   Z!-20   B!-20   U!-20
    detach, commit      : E!-20    E!-20   E!-20   D     A       Z!-20   B!-20   U!-20
    detach, zero        : Z*       Z*      Z*      Z*    Z*      Z*      B*      Z*
    detach, grow        : E*       E*      E*      D*    A*      Z*      B*      U*
    detach, shrink      : x*       x*      x*      x*    x*      x*      x*      x*
    detach, supply      : E!-20    E!-20   E!-20   D!-20 A!-20   Z!-20   B!-20   U!-20
    detach, op dirty    : E!-20    E!-20   E!-20   D!-20 A!-20   Z!-20   B!-20   U!-20
    detach, fail        : E!-20    E!-20   E!-20   D!-20 A!-20   Z!-20   B!-20   U!-20
    detach, begin       : E        E       E       A     A       B       B       U
    detach, end         : E        E       E       D     C       Z       E       U
    detach, begin, end  : E        E       E       C     C       E       E       U
    close pager         : E        M       C       D     A       Z       B       U
    close pager, read   : E!-20    M       C       D     A       Z       B       U
    close pager, write  : E!-20    M!-20   C!-20   D*    A!-20   Z!-20   B!-20   U!-20
    pin                 : R>C      C       C       D     A       D>D     D>D     D>D
    pin for write       : RD>D*    D>D*    D>D*    D*    D>D*    D>D*    D>D*    D>D*
    pin, begin          : R>C      C       C       D     A       D>D     D>D     D>D
    pin, end            : R>C      C       C       D     C       D>D     D>D     D>D
    pin, unpin, begin   : R>C      C       C       A     A       D>A     D>A     D>A
    pin, evict          : R>C      C       C       D     A       D>D     D>D     D>D
    pin, detach         : R>C      C       C       D     A       D>D     D>D     D>D
    pin, zero           : RD>D*    D>D*    D>D*    D*    D>D*    D>D*    D>D*    D>D*
    pin, shrink         : R>C!-20  C!-20   C!-20   D!-20 A!-20   D>D!-20 D>D!-20 D>D!-20
    pin, stream size 0  : RD>D*    D>D*    D>D*    D*    D>D*    D>D*    D>D*    D>D
    """

/// The same of a VMO without TRAP_DIRTY.
private let plainTable = """
    calls                 E       M     C     D     A     Z     B     U
    read                : R>C     M     C     D     A     Z     B     U
    prefetch            : R>C     M     C     D     A     Z     B     U
    always need         : R>C     M     C     D     A     Z     B     U
    commit              : R>C     C     C     D     A     D     D     D
    write               : R>D*    D*    D*    D*    D*    D*    D*    D*
    write from nowhere  : R>D!-25 D!-25 D!-25 D!-25 D!-25 D!-25 D!-25 D!-25
    refuse, read        : R>E!-40 M     C     D     A     Z     B     U
    refuse, write       : R>E!-40 D*    D*    D*    D*    D*    D*    D*
    refuse, commit      : R>E!-40 C     C     D     A     D     D     D
    supply              : C       M     C     D     A     Z     B     U
    supply zeros        : M       M     C     D     A     Z     B     U
    op dirty            : E!-2    M!-2  C!-2  D!-2  A!-2  Z!-2  B!-2  U!-2
    fail                : E       M     C     D     A     Z     B     U
    begin               : E       M     C     A     A     B     B     U
    begin zero          : E       M     C     D     A     B     B     U
    end                 : E       M     C     D     C     Z     E     U
    begin, end          : E       M     C     C     C     E     E     U
    begin zero, end     : E       M     C     D     C     E     E     U
    begin, begin, end   : E       M     C     C     C     E     E     U
    begin, write, end   : R>D*    D*    D*    D*    D*    D*    D*    D*
    begin, read, end    : R>C     M     C     C     C     E     E     U
    begin, commit, end  : R>C     C     C     C     C     D     D     D
    zero                : Z*      M*    Z*    Z*    Z*    Z*    B*    Z*
    zero part           : R>D*    M     D*    D*    D*    Z     B     U
    begin, zero, end    : Z*      M*    Z*    Z*    Z*    E*    E*    Z*
    shrink              : x*      x*    x*    x*    x*    x*    x*    x*
    same size           : E*      M*    C*    D*    A*    Z*    B*    U*
    grow                : E*      M*    C*    D*    A*    Z*    B*    U*
    shrink, grow        : Z*      Z*    Z*    Z*    Z*    Z*    Z*    Z*
    size in page        : R>D*    M*    D*    D*    D*    Z*    B*    U*
    refuse, size in page: R>E*    M*    D*    D*    D*    Z*    B*    U*
    stream size 0       : U       U     U     U     U     U     U     U
    stream size in page : R>D*    M     D*    D*    D*    Z     B     Z*
    detach              : E       E     E     D     A     Z     B     U
    evict               : E       M     E     D     A     Z     B     U
    do not need         : E       M     C     D     A     Z     B     U
    detach, detach      : E       E     E     D     A     Z     B     U
    detach, read        : E!-20   E!-20 E!-20 D     A     Z     B     U
    detach, write       : E!-20   E!-20 E!-20 D*    D*    D*    D*    D*
    detach, commit      : E!-20   E!-20 E!-20 D     A     D     D     D
    detach, zero        : Z*      Z*    Z*    Z*    Z*    Z*    B*    Z*
    detach, grow        : E*      E*    E*    D*    A*    Z*    B*    U*
    detach, shrink      : x*      x*    x*    x*    x*    x*    x*    x*
    detach, supply      : E!-20   E!-20 E!-20 D!-20 A!-20 Z!-20 B!-20 U!-20
    detach, op dirty    : E!-2    E!-2  E!-2  D!-2  A!-2  Z!-2  B!-2  U!-2
    detach, fail        : E!-20   E!-20 E!-20 D!-20 A!-20 Z!-20 B!-20 U!-20
    detach, begin       : E       E     E     A     A     B     B     U
    detach, end         : E       E     E     D     C     Z     E     U
    detach, begin, end  : E       E     E     C     C     E     E     U
    close pager         : E       M     C     D     A     Z     B     U
    close pager, read   : E!-20   M     C     D     A     Z     B     U
    close pager, write  : E!-20   D*    D*    D*    D*    D*    D*    D*
    pin                 : R>C     C     C     D     A     D     D     D
    pin for write       : R>D*    D*    D*    D*    D*    D*    D*    D*
    pin, begin          : R>C     C     C     D     A     D     D     D
    pin, end            : R>C     C     C     D     C     D     D     D
    pin, unpin, begin   : R>C     C     C     A     A     A     A     A
    pin, evict          : R>C     C     C     D     A     D     D     D
    pin, detach         : R>C     C     C     D     A     D     D     D
    pin, zero           : R>D*    D*    D*    D*    D*    D*    D*    D*
    pin, shrink         : R>C!-20 C!-20 C!-20 D!-20 A!-20 D!-20 D!-20 D!-20
    pin, stream size 0  : R>D*    D*    D*    D*    D*    D*    D*    D
    """

@Suite("Every event on every state")
struct PagerStateTableTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let traps: Bool
        let name: String
        /// For each state, in the order of the columns.
        let cells: [Substring]

        var testDescription: String { "\(name), TRAP_DIRTY \(traps)" }
    }

    static let states: [Character] = ["E", "M", "C", "D", "A", "Z", "B", "U"]

    static let trappingRows = rows(of: trappingTable, traps: true)
    static let plainRows = rows(of: plainTable, traps: false)

    private static func rows(of table: String, traps: Bool) -> [Row] {
        table.split(separator: "\n").dropFirst().map { line in
            let halves = line.split(separator: ":")
            let name = halves[0].split(separator: " ").joined(separator: " ")
            return Row(traps: traps, name: name, cells: halves[1].split(separator: " "))
        }
    }

    @Test("the tables are whole")
    func tablesAreWhole() {
        let names = Self.trappingRows.map(\.name)
        #expect(names == Self.plainRows.map(\.name))
        #expect(Set(names).count == names.count)
        for row in Self.trappingRows + Self.plainRows {
            #expect(row.cells.count == Self.states.count, "\(row.testDescription)")
        }
    }

    @Test("the slot becomes what its row says", arguments: trappingRows + plainRows)
    func slot(row: Row) throws {
        for (state, expected) in zip(Self.states, row.cells) {
            let arena: FrameArena
            do {
                let slot = try SingleSlot(traps: row.traps)
                arena = slot.arena
                try slot.enter(state)
                let result = try slot.run(row.name)
                #expect(result == expected, "\(row.testDescription) on \(state)")
                let faults = slot.object.checkInvariants()
                #expect(faults == [], "\(row.testDescription) on \(state)")
            }
            #expect(arena.freeCount == arena.frameCount, "\(row.testDescription) on \(state)")
        }
    }
}
