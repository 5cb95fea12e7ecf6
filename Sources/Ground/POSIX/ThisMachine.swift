internal import Glibc

/// The machine that the program runs on.
package enum ThisMachine {
    /// How many processors are there for the program, at least 1.
    package static var cores: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}
