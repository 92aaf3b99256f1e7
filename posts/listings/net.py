"""A neural net that learns, whole: forward, loss, backprop, update."""

from math import exp

AND = [([0, 0], 0), ([0, 1], 0), ([1, 0], 0), ([1, 1], 1)]
OR = [([0, 0], 0), ([0, 1], 1), ([1, 0], 1), ([1, 1], 1)]
XOR = [([0, 0], 0), ([0, 1], 1), ([1, 0], 1), ([1, 1], 0)]


def numbers(seed):  # not random at all, but no two alike, between -1 and 1
    while True:
        seed = (75 * seed + 74) % 65537
        yield seed / 32768 - 1


def make_net(sizes, seed):  # a net is a list of layers, a layer of neurons, a neuron of weights, the bias last
    draw = numbers(seed)
    return [[[next(draw) for _ in range(n + 1)] for _ in range(m)] for n, m in zip(sizes, sizes[1:])]


def forward(net, x):  # what every layer says, the input first
    said = [x]
    for layer in net:
        sums = [sum(w * a for w, a in zip(neuron, said[-1] + [1])) for neuron in layer]
        said.append([1 / (1 + exp(-s)) for s in sums])
    return said


def loss(net, data):  # how wrong it is: the squared error, on average
    return sum((forward(net, x)[-1][0] - y) ** 2 for x, y in data) / len(data)


def backprop(net, data):  # for every weight: how fast would the loss grow if this weight did?
    slopes = [[[0] * len(neuron) for neuron in layer] for layer in net]
    for x, y in data:
        said = forward(net, x)
        blame = [2 * (said[-1][0] - y) / len(data)]
        for layer, slope, heard, says in reversed(list(zip(net, slopes, said, said[1:]))):
            delta = [b * a * (1 - a) for b, a in zip(blame, says)]
            for d, row in zip(delta, slope):
                for i, a in enumerate(heard + [1]):
                    row[i] += d * a
            blame = [sum(d * neuron[i] for d, neuron in zip(delta, layer)) for i in range(len(heard))]
    return slopes


def update(net, slopes, rate):  # a step downhill
    for layer, rows in zip(net, slopes):
        for neuron, row in zip(layer, rows):
            neuron[:] = [w - rate * s for w, s in zip(neuron, row)]


if __name__ == "__main__":
    for task, data, sizes in [("AND", AND, [2, 1]), ("OR", OR, [2, 1]), ("XOR", XOR, [2, 1]), ("XOR", XOR, [2, 3, 1])]:
        net = make_net(sizes, seed=1)
        for epoch in range(2000):
            update(net, backprop(net, data), rate=5)
        print(task, sizes, "loss %.4f" % loss(net, data), *["%.2f" % forward(net, x)[-1][0] for x, _ in data])
