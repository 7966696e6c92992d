namespace Platform.Api.Backups.Archive;

/// <summary>Decrypts what <see cref="EncryptingStream"/> wrote: nothing is returned that is not known to be authentic.</summary>
internal sealed class DecryptingStream(Stream input, string secret) : Stream
{
    private const int EncryptedSize = SegmentCipher.SegmentSize + SegmentCipher.TagSize;

    // One byte more than a segment tells whether it is the last one.
    private readonly byte[] _encrypted = new byte[EncryptedSize + 1];
    private readonly byte[] _segment = new byte[SegmentCipher.SegmentSize];
    private SegmentCipher? _cipher;
    private int _ahead;
    private ReadOnlyMemory<byte> _rest;
    private bool _isEnded;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_rest.IsEmpty && !_isEnded && !buffer.IsEmpty)
        {
            await ReceiveAsync(cancellationToken);
        }
        var read = Math.Min(buffer.Length, _rest.Length);
        _rest[..read].CopyTo(buffer);
        _rest = _rest[read..];
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
            _cipher?.Dispose();
        }
        base.Dispose(disposing);
    }

    private async Task ReceiveAsync(CancellationToken cancellationToken)
    {
        if (_cipher is null)
        {
            var header = new byte[SegmentCipher.HeaderSize];
            var size = await input.ReadAtLeastAsync(header, header.Length, throwOnEndOfStream: false, cancellationToken);
            _cipher = SegmentCipher.Open(secret, header.AsSpan(0, size));
        }
        var free = _encrypted.AsMemory(_ahead);
        var filled = _ahead + await input.ReadAtLeastAsync(free, free.Length, throwOnEndOfStream: false, cancellationToken);
        _isEnded = filled <= EncryptedSize;
        var length = _isEnded ? filled : EncryptedSize;
        if (length < SegmentCipher.TagSize)
        {
            throw new DamagedArchiveException("It was cut short.");
        }
        _cipher.Decrypt(_encrypted.AsSpan(0, length), _segment, _isEnded);
        _rest = _segment.AsMemory(0, length - SegmentCipher.TagSize);
        if (!_isEnded)
        {
            _encrypted[0] = _encrypted[EncryptedSize];
            _ahead = 1;
        }
    }
}
