import CLinux

/// Gives memory that is free, but that the allocator keeps, back to the system: after work that takes far more for a
/// moment than a request usually does.
enum MemoryReturn {
    static func now() {
        #if os(Linux)
            cove_return_memory()
        #endif
    }
}
