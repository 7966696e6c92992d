using System.Security.Cryptography;

namespace Platform.Api.Backups.Archive;

/// <summary>Content that is hashed and counted while it is read. It stays open.</summary>
/// <param name="length">In bytes, where that is known: a tar says how long an entry is before its first byte.</param>
internal sealed class HashedContent(Stream content, long? length = null) : Stream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>Bytes read so far.</summary>
    public long Size { get; private set; }

    public override bool CanRead => true;

    /// <summary>What <see cref="System.Formats.Tar.TarWriter"/> asks for where the length is known; nothing seeks.</summary>
    public override bool CanSeek => length is not null;

    public override bool CanWrite => false;

    public override long Length => length ?? throw new NotSupportedException();

    public override long Position
    {
        get => Size;
        set => throw new NotSupportedException();
    }

    /// <summary>SHA-256 of what was read, in lower-case hex.</summary>
    public string GetHash() => Convert.ToHexStringLower(_hash.GetCurrentHash());

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await content.ReadAsync(buffer, cancellationToken);
        Size += read;
        _hash.AppendData(buffer.Span[..read]);
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Read it asynchronously.");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _hash.Dispose();
        }
        base.Dispose(disposing);
    }
}
