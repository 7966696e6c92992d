// Stands in for Aspire.Hosting.Docker 13.6.5.

using System.Collections;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.EventEmitters;
using YamlDotNet.Serialization.ObjectGraphVisitors;

namespace Aspire.Hosting.Docker.Resources;

/// <summary>Puts every text in double quotes, so that none is taken for a number or a truth value; keys stay bare.</summary>
internal sealed class QuotedText(IEventEmitter next) : ChainedEventEmitter(next)
{
    /// <summary>The open collections, the innermost on top: whether its next node is a key.</summary>
    private readonly Stack<(bool IsMapping, bool IsKeyNext)> _open = new();

    public override void Emit(ScalarEventInfo eventInfo, IEmitter emitter)
    {
        if (!NextIsKey() && eventInfo.Source.Type == typeof(string))
        {
            eventInfo = new(eventInfo.Source) { Style = ScalarStyle.DoubleQuoted };
        }

        base.Emit(eventInfo, emitter);
    }

    public override void Emit(MappingStartEventInfo eventInfo, IEmitter emitter)
    {
        NextIsKey();
        _open.Push((IsMapping: true, IsKeyNext: true));
        base.Emit(eventInfo, emitter);
    }

    public override void Emit(MappingEndEventInfo eventInfo, IEmitter emitter)
    {
        _open.Pop();
        base.Emit(eventInfo, emitter);
    }

    public override void Emit(SequenceStartEventInfo eventInfo, IEmitter emitter)
    {
        NextIsKey();
        _open.Push((IsMapping: false, IsKeyNext: false));
        base.Emit(eventInfo, emitter);
    }

    public override void Emit(SequenceEndEventInfo eventInfo, IEmitter emitter)
    {
        _open.Pop();
        base.Emit(eventInfo, emitter);
    }

    /// <summary>Whether the node that is about to be written is a key. In a mapping keys and values alternate.</summary>
    private bool NextIsKey()
    {
        if (!_open.TryPop(out var collection))
        {
            return false;
        }

        _open.Push(collection with { IsKeyNext = collection.IsMapping && !collection.IsKeyNext });
        return collection.IsKeyNext;
    }
}

/// <summary>Leaves out the properties that have no value, the empty text and the empty collection.</summary>
internal sealed class WithoutEmptyValues(IObjectGraphVisitor<IEmitter> next) : ChainedObjectGraphVisitor(next)
{
    public override bool EnterMapping(IPropertyDescriptor key, IObjectDescriptor value, IEmitter context, ObjectSerializer serializer) =>
        value.Value is not null
        && (value.Value is not IEnumerable items || items.Cast<object?>().Any())
        && base.EnterMapping(key, value, context, serializer);
}

/// <summary>Writes the mode of a file the way that chmod takes it.</summary>
internal sealed class OctalFileMode : IYamlTypeConverter
{
    public bool Accepts(Type type) => type == typeof(UnixFileMode);

    public object? ReadYaml(IParser parser, Type type, ObjectDeserializer rootDeserializer) =>
        throw new NotSupportedException("Compose files are only written.");

    public void WriteYaml(IEmitter emitter, object? value, Type type, ObjectSerializer serializer) =>
        emitter.Emit(new Scalar("0" + Convert.ToString((int)(UnixFileMode)value!, 8)));
}
