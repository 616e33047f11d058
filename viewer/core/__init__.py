"""Pure rooms: no Qt, no VTK, no threads, no windows."""
