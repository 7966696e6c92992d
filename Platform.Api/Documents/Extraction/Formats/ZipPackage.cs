using System.IO.Compression;

namespace Platform.Api.Documents.Extraction.Formats;

/// <summary>The ZIP file that a .docx, .xlsx, .pptx or .odt is, with limits on what it may unpack to.</summary>
internal sealed class ZipPackage : IDisposable
{
    private const int MaxEntries = 20_000;
    private const long MaxUnpacked = 200L * 1024 * 1024;

    /// <summary>Text compresses 10 to 30 times, sheets of zeros 100 times; only bombs much more.</summary>
    private const int MaxRatio = 250;

    /// <summary>Below it no ratio is suspicious.</summary>
    private const long Harmless = 16 * 1024 * 1024;

    private static readonly byte[] CompoundFile = [0xD0, 0xCF, 0x11, 0xE0];

    private readonly ZipArchive _archive;
    private readonly long _maxUnpacked;
    private long _unpacked;

    private ZipPackage(ZipArchive archive, long maxUnpacked)
    {
        _archive = archive;
        _maxUnpacked = maxUnpacked;
    }

    /// <exception cref="UnreadableDocumentException">It is no ZIP file, is encrypted, or would unpack to too much.</exception>
    public static ZipPackage Open(string path)
    {
        var file = File.OpenRead(path);
        try
        {
            Span<byte> beginning = stackalloc byte[4];
            if (file.ReadAtLeast(beginning, 4, throwOnEndOfStream: false) == 4 && beginning.SequenceEqual(CompoundFile))
            {
                throw new UnreadableDocumentException("The file is protected by a password, or in an older format than its name says.");
            }

            file.Position = 0;
            var archive = new ZipArchive(file, ZipArchiveMode.Read);
            if (archive.Entries.Count > MaxEntries)
            {
                throw new UnreadableDocumentException("The file has too many parts.");
            }

            // What entries declare is enforced when they are read; entries that overlap are counted once each.
            var package = new ZipPackage(archive, Math.Min(MaxUnpacked, Math.Max(Harmless, file.Length * MaxRatio)));
            if (archive.Entries.Sum(entry => (decimal)entry.Length) > package._maxUnpacked)
            {
                throw TooMuch();
            }

            return package;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The content of a part, which counts towards the package's limit; null when there is none.</summary>
    public Stream? OpenPart(string name) => _archive.GetEntry(name) is { } entry ? Count(entry.Open()) : null;

    /// <summary>A stream of the package's contents whose bytes count towards its limit.</summary>
    public Stream Count(Stream stream) => new CountedStream(stream, read =>
    {
        _unpacked += read;
        if (_unpacked > _maxUnpacked)
        {
            throw TooMuch();
        }
    });

    public void Dispose() => _archive.Dispose();

    private static UnreadableDocumentException TooMuch() => new("The file unpacks to more than a document may have.");

    private sealed class CountedStream(Stream inner, Action<int> count) : Stream
    {
        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(Span<byte> buffer)
        {
            var read = inner.Read(buffer);
            count(read);
            return read;
        }

        public override int Read(byte[] buffer, int offset, int length) => Read(buffer.AsSpan(offset, length));
        public override void Flush() => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int length) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
