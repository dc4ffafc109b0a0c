/// Python's `sorted`: stable, and only `<` is asked for.
enum PythonSort {
    static func sorted<Element>(
        _ elements: [Element], reverse: Bool = false, _ budget: RenderBudget,
        by key: (Element) throws(JinjaError) -> JinjaValue
    ) throws(JinjaError) -> [Element] {
        try budget.allocateList(elements.count)
        var keys: [JinjaValue] = []
        for element in elements { keys.append(try key(element)) }
        var order = Array(elements.indices)
        var spare = order
        var width = 1
        // A merge sort, since the standard library's takes no typed error.
        while width < order.count {
            var start = 0
            while start < order.count {
                let middle = min(start + width, order.count)
                let end = min(middle + width, order.count)
                try merge(order, &spare, start, middle, end, keys, reverse, budget)
                start = end
            }
            swap(&order, &spare)
            width *= 2
        }
        return order.map { elements[$0] }
    }

    private static func merge(
        _ order: [Int], _ merged: inout [Int], _ start: Int, _ middle: Int, _ end: Int, _ keys: [JinjaValue],
        _ reverse: Bool, _ budget: RenderBudget
    ) throws(JinjaError) {
        var (left, right) = (start, middle)
        for place in start..<end {
            try budget.step()
            let takesRight: Bool
            if left == middle {
                takesRight = true
            } else if right == end {
                takesRight = false
            } else {
                let (first, second) = (keys[order[left]], keys[order[right]])
                takesRight =
                    reverse
                    ? try PythonLogic.compare(first, .less, second, budget)
                    : try PythonLogic.compare(second, .less, first, budget)
            }
            merged[place] = takesRight ? order[right] : order[left]
            if takesRight { right += 1 } else { left += 1 }
        }
    }
}
