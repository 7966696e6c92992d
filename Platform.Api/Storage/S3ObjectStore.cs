using System.Data.Common;
using System.Net;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Microsoft.Net.Http.Headers;
using Platform.ServiceDefaults.Errors;

namespace Platform.Api.Storage;

/// <summary>
/// Objects in a private bucket of a server that speaks S3: MinIO, RustFS, SeaweedFS, AWS. What is larger than <see cref="PartSize"/> is sent
/// in parts, and appears when the last one is there.
/// </summary>
internal sealed class S3ObjectStore : IObjectStore, IDisposable
{
    /// <summary>The connection string: <c>Endpoint=http://host:9000;AccessKey=…;SecretKey=…</c>.</summary>
    public const string ConnectionName = "objects";

    /// <summary>Bytes of a part, and of the largest object that is sent in one; S3 asks for 5 MB at least.</summary>
    public const int PartSize = 8 * 1024 * 1024;

    // Of all uploads together; each has one, and a second one while there are some.
    private const int MaxBuffers = 8;

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan BufferTimeout = TimeSpan.FromSeconds(30);

    private readonly AmazonS3Client _client;
    private readonly AmazonS3Client? _public;
    private readonly string _bucket;
    private readonly TimeSpan _timeout;
    private readonly Channel<byte[]> _buffers = Channel.CreateBounded<byte[]>(MaxBuffers);
    private int _created;

    /// <param name="connectionString">As that of <see cref="ConnectionName"/>.</param>
    public S3ObjectStore(S3Options settings, string? connectionString)
    {
        var connection = new DbConnectionStringBuilder { ConnectionString = connectionString };
        var credentials = new BasicAWSCredentials(Value("AccessKey"), Value("SecretKey"));
        _bucket = settings.Bucket;
        _timeout = TimeSpan.FromSeconds(settings.TimeoutSeconds);
        _client = Client(Value("Endpoint"));
        _public = settings.PublicEndpoint is { Length: > 0 } endpoint ? Client(endpoint) : null;

        string Value(string name) => connection.TryGetValue(name, out var value) && value is string { Length: > 0 } text
            ? text
            : throw new InvalidOperationException($"ConnectionStrings:{ConnectionName} has no {name}; Storage:Provider s3 needs it.");

        AmazonS3Client Client(string url) => new(credentials, new AmazonS3Config
        {
            ServiceURL = url,
            AuthenticationRegion = settings.Region,
            ForcePathStyle = true,
            UseHttp = url.StartsWith("http:", StringComparison.OrdinalIgnoreCase),
            // The newer checksums are AWS's own; other servers do not all know them.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            MaxErrorRetry = 1,
            Timeout = _timeout,
        });
    }

    public void Dispose()
    {
        _client.Dispose();
        _public?.Dispose();
    }

    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        try
        {
            await AskAsync(token => _client.HeadBucketAsync(new() { BucketName = _bucket }, token), cancellationToken);
        }
        catch (AmazonS3Exception missing) when (missing.StatusCode == HttpStatusCode.NotFound)
        {
            try
            {
                // Private, which is what a bucket is without a policy; none is ever set.
                await AskAsync(token => _client.PutBucketAsync(new PutBucketRequest { BucketName = _bucket }, token), cancellationToken);
            }
            catch (AmazonS3Exception already) when (already.ErrorCode is "BucketAlreadyOwnedByYou")
            {
                // Another instance was faster.
            }
            catch (AmazonS3Exception refused)
            {
                throw Unavailable(refused);
            }
        }
    }

    public async Task PutAsync(string key, Stream content, string contentType, CancellationToken cancellationToken)
    {
        ObjectStoreLimits.CheckKey(key);
        var buffer = await RentAsync(cancellationToken);
        try
        {
            var read = await content.ReadAtLeastAsync(buffer, PartSize, throwOnEndOfStream: false, cancellationToken);
            if (read == PartSize)
            {
                await PutPartsAsync(key, buffer, content, contentType, cancellationToken);
                return;
            }
            using var body = new MemoryStream(buffer, 0, read, writable: false);
            await AskAsync(
                token => _client.PutObjectAsync(
                    new()
                    {
                        BucketName = _bucket,
                        Key = key,
                        ContentType = contentType,
                        InputStream = body,
                        AutoCloseStream = false,
                        UseChunkEncoding = false,
                    },
                    token),
                cancellationToken);
        }
        catch (AmazonS3Exception refused)
        {
            throw Unavailable(refused);
        }
        finally
        {
            Return(buffer);
        }
    }

    public async Task<Stream> OpenAsync(string key, CancellationToken cancellationToken)
    {
        ObjectStoreLimits.CheckKey(key);
        try
        {
            var found = await AskAsync(
                token => _client.GetObjectMetadataAsync(new GetObjectMetadataRequest { BucketName = _bucket, Key = key }, token), cancellationToken);
            return new S3ObjectStream(this, key, found.ETag, found.ContentLength);
        }
        catch (AmazonS3Exception refused)
        {
            throw refused.StatusCode == HttpStatusCode.NotFound ? new ObjectNotFoundException(key) : Unavailable(refused);
        }
    }

    public async Task DeleteAsync(string key, CancellationToken cancellationToken)
    {
        ObjectStoreLimits.CheckKey(key);
        try
        {
            await AskAsync(token => _client.DeleteObjectAsync(new() { BucketName = _bucket, Key = key }, token), cancellationToken);
            await AbortPartsAsync(key, cancellationToken);
        }
        catch (AmazonS3Exception refused)
        {
            throw Unavailable(refused);
        }
    }

    public async IAsyncEnumerable<StoredObject> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var request = new ListObjectsV2Request { BucketName = _bucket, Prefix = prefix };
        do
        {
            ListObjectsV2Response page;
            try
            {
                page = await AskAsync(token => _client.ListObjectsV2Async(request, token), cancellationToken);
            }
            catch (AmazonS3Exception refused)
            {
                throw Unavailable(refused);
            }
            foreach (var found in page.S3Objects ?? [])
            {
                yield return new(found.Key, found.Size ?? 0, found.LastModified?.ToUniversalTime() ?? default(DateTimeOffset));
            }
            request.ContinuationToken = page.IsTruncated == true ? page.NextContinuationToken : null;
        }
        while (request.ContinuationToken is not null);
    }

    public Uri? Presign(string key, string fileName, string contentType, TimeSpan lifetime)
    {
        ObjectStoreLimits.CheckKey(key);
        if (_public is null)
        {
            return null;
        }
        var disposition = new ContentDispositionHeaderValue("attachment");
        disposition.SetHttpFileName(fileName);
        return new(_public.GetPreSignedURL(new GetPreSignedUrlRequest
        {
            BucketName = _bucket,
            Key = key,
            Verb = HttpVerb.GET,
            Expires = DateTime.UtcNow + lifetime,
            Protocol = _public.Config.UseHttp ? Protocol.HTTP : Protocol.HTTPS,
            ResponseHeaderOverrides = new() { ContentType = contentType, ContentDisposition = disposition.ToString() },
        }));
    }

    /// <summary>The bytes from the position on. The object must still be the one that was opened.</summary>
    internal async Task<GetObjectResponse> GetAsync(string key, string etag, long from, long to, CancellationToken cancellationToken)
    {
        try
        {
            return await AskAsync(
                token => _client.GetObjectAsync(
                    new() { BucketName = _bucket, Key = key, EtagToMatch = etag, ByteRange = new ByteRange(from, to) }, token),
                cancellationToken);
        }
        catch (AmazonS3Exception refused)
        {
            throw refused.StatusCode == HttpStatusCode.NotFound ? new ObjectNotFoundException(key) : Unavailable(refused);
        }
    }

    internal static ServiceUnavailableException Unavailable(Exception cause) => new(ObjectStoreLimits.Name, RetryAfter, cause);

    /// <summary>Sends one part while the next one comes in, if there is a second buffer for it.</summary>
    private async Task PutPartsAsync(string key, byte[] first, Stream content, string contentType, CancellationToken cancellationToken)
    {
        var upload = await AskAsync(
            token => _client.InitiateMultipartUploadAsync(new() { BucketName = _bucket, Key = key, ContentType = contentType }, token),
            cancellationToken);
        var second = TryRent();
        var parts = new List<PartETag>();
        Task<PartETag>? sending = null;
        try
        {
            var (filled, read) = (first, PartSize);
            while (read > 0)
            {
                if (sending is not null)
                {
                    parts.Add(await sending);
                }
                sending = SendAsync(parts.Count + 1, filled, read);
                if (read < PartSize)
                {
                    break;
                }
                if (second is null)
                {
                    parts.Add(await sending);
                    sending = null;
                }
                else
                {
                    filled = filled == first ? second : first;
                }
                read = await content.ReadAtLeastAsync(filled, PartSize, throwOnEndOfStream: false, cancellationToken);
            }
            if (sending is not null)
            {
                parts.Add(await sending);
            }
            await AskAsync(
                token => _client.CompleteMultipartUploadAsync(
                    new() { BucketName = _bucket, Key = key, UploadId = upload.UploadId, PartETags = parts }, token),
                cancellationToken);
        }
        catch
        {
            // Nobody may still read the buffer when it goes back.
            await (sending ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await TryAbortAsync(key, upload.UploadId);
            throw;
        }
        finally
        {
            if (second is not null)
            {
                Return(second);
            }
        }

        async Task<PartETag> SendAsync(int number, byte[] bytes, int size)
        {
            using var body = new MemoryStream(bytes, 0, size, writable: false);
            var sent = await AskAsync(
                token => _client.UploadPartAsync(
                    new()
                    {
                        BucketName = _bucket,
                        Key = key,
                        UploadId = upload.UploadId,
                        PartNumber = number,
                        PartSize = size,
                        InputStream = body,
                        UseChunkEncoding = false,
                    },
                    token),
                cancellationToken);
            return new(number, sent.ETag);
        }
    }

    /// <summary>The failure that led here is thrown on. What stays because the store is away, whoever deletes the key deletes.</summary>
    private async Task TryAbortAsync(string key, string uploadId)
    {
        try
        {
            // Not with the token of a client that has left.
            await AskAsync(
                token => _client.AbortMultipartUploadAsync(new() { BucketName = _bucket, Key = key, UploadId = uploadId }, token),
                CancellationToken.None);
        }
        catch (Exception failure) when (failure is ServiceUnavailableException or AmazonS3Exception)
        {
        }
    }

    /// <summary>Ends the uploads of the key that died half-way.</summary>
    private async Task AbortPartsAsync(string key, CancellationToken cancellationToken)
    {
        try
        {
            var begun = await AskAsync(
                token => _client.ListMultipartUploadsAsync(new ListMultipartUploadsRequest { BucketName = _bucket, Prefix = key }, token), cancellationToken);
            foreach (var upload in begun.MultipartUploads ?? [])
            {
                await AskAsync(
                    token => _client.AbortMultipartUploadAsync(new() { BucketName = _bucket, Key = upload.Key, UploadId = upload.UploadId }, token),
                    cancellationToken);
            }
        }
        catch (AmazonS3Exception refused) when (
            refused.StatusCode is HttpStatusCode.NotImplemented or HttpStatusCode.NotFound || refused.ErrorCode == "NotImplemented")
        {
            // Simple servers do not list them; or another one has ended it.
        }
    }

    /// <summary>
    /// One request with its time limit. An answer that is an error of S3 is thrown as it is; no answer, or one that says that the server
    /// cannot work, means that the store is away.
    /// </summary>
    private async Task<T> AskAsync<T>(Func<CancellationToken, Task<T>> request, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_timeout);
        try
        {
            return await request(limit.Token);
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested
            && (failure is HttpRequestException or IOException or OperationCanceledException or WebException
                or AmazonClientException or AmazonServiceException { StatusCode: 0 or >= HttpStatusCode.InternalServerError }
                || failure is AmazonServiceException and not AmazonS3Exception)
            && failure is not AmazonS3Exception { ErrorCode: "NotImplemented" })
        {
            throw Unavailable(failure);
        }
    }

    private byte[]? TryRent()
    {
        if (_buffers.Reader.TryRead(out var buffer))
        {
            return buffer;
        }
        if (Interlocked.Increment(ref _created) <= MaxBuffers)
        {
            return GC.AllocateUninitializedArray<byte>(PartSize);
        }
        Interlocked.Decrement(ref _created);
        return null;
    }

    private async ValueTask<byte[]> RentAsync(CancellationToken cancellationToken)
    {
        if (TryRent() is { } free)
        {
            return free;
        }
        try
        {
            return await _buffers.Reader.ReadAsync(cancellationToken).AsTask().WaitAsync(BufferTimeout, cancellationToken);
        }
        catch (TimeoutException busy)
        {
            throw Unavailable(busy);
        }
    }

    // There is room for all that were made.
    private void Return(byte[] buffer) => _buffers.Writer.TryWrite(buffer);
}
