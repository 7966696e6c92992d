namespace Platform.Api.Backups.Archive;

/// <summary>Encrypts what is written, and passes it on; the last segment when it is disposed of. The output stays open.</summary>
internal sealed class EncryptingStream(Stream output, string secret) : Stream
{
    private readonly SegmentCipher _cipher = SegmentCipher.Create(secret);
    private readonly byte[] _segment = new byte[SegmentCipher.SegmentSize];
    private readonly byte[] _encrypted = new byte[SegmentCipher.SegmentSize + SegmentCipher.TagSize];
    private int _filled;
    private bool _isBegun;
    private bool _isEnded;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            // A full segment waits for what follows: only then is it not the last one.
            if (_filled == _segment.Length)
            {
                await SendAsync(isLast: false, cancellationToken);
            }
            var taken = Math.Min(buffer.Length, _segment.Length - _filled);
            buffer[..taken].CopyTo(_segment.AsMemory(_filled));
            _filled += taken;
            buffer = buffer[taken..];
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Write it asynchronously.");

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        if (!_isEnded)
        {
            _isEnded = true;
            await SendAsync(isLast: true, CancellationToken.None);
            _cipher.Dispose();
        }
        await base.DisposeAsync();
    }

    private async Task SendAsync(bool isLast, CancellationToken cancellationToken)
    {
        if (!_isBegun)
        {
            _isBegun = true;
            await output.WriteAsync(_cipher.Header, cancellationToken);
        }
        _cipher.Encrypt(_segment.AsSpan(0, _filled), _encrypted, isLast);
        await output.WriteAsync(_encrypted.AsMemory(0, _filled + SegmentCipher.TagSize), cancellationToken);
        _filled = 0;
    }
}
