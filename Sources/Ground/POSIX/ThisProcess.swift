internal import Glibc
internal import SwiftOverlayShims

/// This process, as a whole.
package enum ThisProcess {
    /// Ends it at once, with an exit code; nothing buffered is left behind, since nothing is buffered here.
    package static func exit(_ code: Int32) -> Never {
        // Without what libraries do at the end of a program: other threads still use what OpenSSL would free there.
        _exit(code)
    }

    /// The number of the process.
    package static var id: Int32 { getpid() }

    /// The file that the process runs.
    ///
    /// - Throws: `POSIXError` where `/proc` is not there to tell.
    package static func executable() throws(POSIXError) -> String {
        let link = "/proc/self/exe"
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = unsafe readlink(link, &buffer, buffer.count)
        guard length >= 0 else { throw .last("read", link) }
        return String(decoding: buffer.prefix(length).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// The number of the user on whose behalf it acts.
    package static var user: UInt32 { geteuid() }

    /// Keeps what is in memory, keys among it, out of core files.
    package static func forbidCoreDumps() {
        var limit = rlimit(rlim_cur: 0, rlim_max: 0)
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
    }

    /// Lets the process have as many files open as its hard limit allows, and tells how many those are.
    @discardableResult
    package static func raiseDescriptorLimit() -> Int {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard unsafe getrlimit(resource, &limit) == 0 else { return 1_024 }
        if limit.rlim_cur < limit.rlim_max {
            var raised = rlimit(rlim_cur: limit.rlim_max, rlim_max: limit.rlim_max)
            if unsafe setrlimit(resource, &raised) == 0 { limit = raised }
        }
        return Int(clamping: limit.rlim_cur)
    }
}
