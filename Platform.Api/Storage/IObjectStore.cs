namespace Platform.Api.Storage;

/// <summary>
/// Bytes by key. Keys are made here (<c>documents/{id}</c>): lower-case letters, digits, <c>/</c> and <c>-</c>, never a client's text. Or
/// they are the name of a file (<c>platform-20261126T043000Z.tar.gz</c>), with no folder before it, for a person to find it there.
/// Every method throws <see cref="ServiceDefaults.Errors.ServiceUnavailableException"/> (<c>object store</c>) when the store is away.
/// </summary>
internal interface IObjectStore
{
    /// <summary>Creates what the store needs, a folder or a private bucket, unless it is there.</summary>
    Task PrepareAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Stores the stream, as it comes and without holding it in memory, in place of what was there. When this returns the object is
    /// durable; before, or when it throws, nothing can be read under the key.
    /// </summary>
    Task PutAsync(string key, Stream content, string contentType, CancellationToken cancellationToken);

    /// <summary>A stream that can seek, and that reads only what it is asked for.</summary>
    /// <exception cref="ObjectNotFoundException">There is no such object.</exception>
    Task<Stream> OpenAsync(string key, CancellationToken cancellationToken);

    /// <summary>Deletes the object, and what an interrupted <see cref="PutAsync"/> left of it. One that is not there is no error.</summary>
    Task DeleteAsync(string key, CancellationToken cancellationToken);

    /// <summary>All objects whose keys begin so, in no particular order.</summary>
    IAsyncEnumerable<StoredObject> ListAsync(string prefix, CancellationToken cancellationToken);

    /// <summary>An address from which a browser can fetch the object for so long; null when browsers cannot reach the store.</summary>
    Uri? Presign(string key, string fileName, string contentType, TimeSpan lifetime);
}

/// <summary>An object in a list.</summary>
/// <param name="Size">In bytes.</param>
internal sealed record StoredObject(string Key, long Size, DateTimeOffset LastModified);

/// <summary>There is no object under the key.</summary>
internal sealed class ObjectNotFoundException(string key) : Exception($"There is no object {key}.");
