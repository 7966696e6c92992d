using Amazon.S3.Model;

namespace Platform.Api.Storage;

/// <summary>An object that is fetched from where it is read, when it is read, and not again while reading goes on.</summary>
internal sealed class S3ObjectStream(S3ObjectStore store, string key, string etag, long length) : Stream
{
    // What is asked for at once, at most: a reader that stops early leaves little behind, and one that is slow keeps no connection for long.
    private const int Window = 8 * 1024 * 1024;

    private GetObjectResponse? _response;
    private long _next;
    private long _end;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position { get; set; }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (Position >= length || buffer.IsEmpty)
        {
            return 0;
        }
        if (_response is null || _next != Position || _next == _end)
        {
            _response?.Dispose();
            _response = null;
            _end = Math.Min(length, Position + Window);
            _response = await store.GetAsync(key, etag, Position, _end - 1, cancellationToken);
            _next = Position;
        }
        int read;
        try
        {
            read = await _response.ResponseStream.ReadAsync(buffer[..(int)Math.Min(buffer.Length, _end - _next)], cancellationToken);
        }
        catch (Exception away) when (away is IOException or HttpRequestException)
        {
            throw S3ObjectStore.Unavailable(away);
        }
        if (read == 0)
        {
            throw S3ObjectStore.Unavailable(new EndOfStreamException());
        }
        _next += read;
        Position = _next;
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Read it asynchronously.");

    public override long Seek(long offset, SeekOrigin origin)
    {
        var position = offset + (origin switch { SeekOrigin.Begin => 0, SeekOrigin.Current => Position, _ => length });
        ArgumentOutOfRangeException.ThrowIfNegative(position, nameof(offset));
        return Position = position;
    }

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _response?.Dispose();
        }
        base.Dispose(disposing);
    }
}
