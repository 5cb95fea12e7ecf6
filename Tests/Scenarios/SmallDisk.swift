import Glibc
import POSIX
import Testing

/// A file system of four MiB that only one broker sees, and that goes with it.
struct SmallDisk {
    let folder: Folder
    /// The broker, in whose mount namespace the file system lies.
    let process: Int32

    /// What makes the file system, puts the store onto it, and becomes the command that follows.
    static func command(in folder: Folder, isReadOnly: Bool = false) throws -> [String] {
        let disk = folder.path("disk")
        try Files.makeDirectory(disk)
        let script =
            "mount -t tmpfs -o size=4m,mode=0700 tmpfs '\(disk)' && cp -p '\(folder.path("site"))'/jobpass.db* '\(disk)' && "
            + (isReadOnly ? "mount -o remount,ro '\(disk)' && " : "") + "exec \"$@\""
        let namespace = geteuid() == 0 ? [] : ["--user", "--map-root-user"]
        return ["unshare", "--mount"] + namespace + ["sh", "-c", script, "sh"]
    }

    /// The path of a file on it, as seen from outside.
    func path(_ name: String) -> String { "/proc/\(process)/root\(folder.path("disk"))/\(name)" }

    /// Writes until there is no space.
    func fill() throws {
        let run = try Finished("dd", ["if=/dev/zero", "of=\(path("filler"))", "bs=4096"])
        try #require(run.error.contains("No space left"), "\(run)")
    }

    /// Gives the space back.
    func clear() throws { try Files.remove(path("filler")) }
}
