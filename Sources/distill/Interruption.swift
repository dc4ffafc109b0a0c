import Dispatch
import Foundation
import Synchronization

/// Makes Ctrl-C stop an answer and not the program. While nothing is being written, Ctrl-C on a terminal says how to
/// leave, and elsewhere ends the program as usual.
final class Interruption: Sendable {
    private let isWriting = Atomic<Bool>(false)
    private let wasRequested = Atomic<Bool>(false)
    private let isInteractive: Bool
    private let source: any DispatchSourceSignal

    init(isInteractive: Bool) {
        self.isInteractive = isInteractive
        signal(SIGINT, SIG_IGN)
        source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global(qos: .userInteractive))
        source.setEventHandler { [weak self] in self?.receive() }
        source.activate()
    }

    deinit {
        source.cancel()
        signal(SIGINT, SIG_DFL)
    }

    /// True once Ctrl-C was pressed during the answer that is being written.
    var isRequested: Bool { wasRequested.load(ordering: .relaxed) }

    /// An answer begins.
    func begin() {
        wasRequested.store(false, ordering: .relaxed)
        isWriting.store(true, ordering: .relaxed)
    }

    /// The answer is over.
    func end() { isWriting.store(false, ordering: .relaxed) }

    private func receive() {
        if isWriting.load(ordering: .relaxed) {
            wasRequested.store(true, ordering: .relaxed)
        } else if isInteractive {
            FileHandle.standardError.write(Data("\n(Ctrl-D or /quit ends)\n> ".utf8))
        } else {
            signal(SIGINT, SIG_DFL)
            raise(SIGINT)
        }
    }
}
