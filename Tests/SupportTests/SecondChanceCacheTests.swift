import Support
import TestSupport
import Testing

// The cache against a plain dictionary, and its choice of what goes.
struct SecondChanceCacheTests {
    @Test(
        "it holds what a dictionary would, whatever comes and goes",
        arguments: 1...8 as ClosedRange<UInt64>
    )
    func model(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var cache = SecondChanceCache<Int, Int>()
        var model: [Int: Int] = [:]
        for step in 0..<3000 {
            let key = Int.random(in: 0..<60, using: &generator)
            switch Int.random(in: 0..<5, using: &generator) {
            case 0, 1:
                if model[key] == nil {
                    cache.insert(step, for: key)
                    model[key] = step
                }
            case 2: #expect(cache.remove(key) == model.removeValue(forKey: key))
            case 3:
                cache.update(key) { $0 += 1 }
                model[key]? += 1
            default:
                let removed = cache.removeUnused(looksMax: 8) { $0 % 3 != 0 }
                if let removed {
                    #expect(removed % 3 != 0)
                    let keys = model.filter { $0.value == removed && cache.use($0.key) == nil }
                    #expect(keys.count == 1)
                    for key in keys.keys { model[key] = nil }
                }
            }
            #expect(cache.use(key) == model[key], "seed \(seed) step \(step)")
            #expect(cache.count == model.count)
        }
        #expect(cache.values.sorted() == model.values.sorted())
    }

    @Test("what was used since the hand came by stays, then it goes in its turn")
    func secondChance() {
        var cache = SecondChanceCache<String, String>()
        for key in ["a", "b", "c"] { cache.insert(key, for: key) }
        // Each counts as used when it comes, so the first round only takes that away.
        #expect(cache.removeUnused(looksMax: 3) { _ in true } == nil)
        #expect(cache.use("a") == "a")
        #expect(cache.removeUnused(looksMax: 3) { _ in true } == "b")
        #expect(cache.use("b") == nil)
        // Looking through `update` is no use.
        _ = cache.update("c") { $0 }
        #expect(cache.removeUnused(looksMax: 3) { _ in true } == "c")
        #expect(cache.removeUnused(looksMax: 3) { _ in true } == "a")
        #expect(cache.removeUnused(looksMax: 3) { _ in true } == nil)
    }

    @Test("what may not go stays however long it was not used")
    func kept() {
        var cache = SecondChanceCache<Int, Int>()
        for key in 0..<10 { cache.insert(key, for: key) }
        var removed: Set<Int> = []
        while let value = cache.removeUnused(looksMax: 30, where: { $0 >= 4 }) {
            removed.insert(value)
        }
        #expect(removed == Set(4..<10))
        #expect(cache.count == 4)
    }
}
