using System.Runtime.Versioning;

// Signals, file modes and PostgreSQL's private account: the tests run on Linux.
[assembly: SupportedOSPlatform("linux")]
