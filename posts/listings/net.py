"""A neural net that learns, whole: forward, loss, backprop, update."""

from math import exp

AND = [([0, 0], 0), ([0, 1], 0), ([1, 0], 0), ([1, 1], 1)]
OR = [([0, 0], 0), ([0, 1], 1), ([1, 0], 1), ([1, 1], 1)]
XOR = [([0, 0], 0), ([0, 1], 1), ([1, 0], 1), ([1, 1], 0)]


def numbers(seed):  # between -1 and 1, the same on every machine
    while True:
        seed = (75 * seed + 74) % 65537
        yield seed / 32768 - 1


def make_net(sizes, seed):  # layers of neurons, and a neuron is its weights
    draw = numbers(seed)
    return [[[next(draw) for _ in range(n + 1)] for _ in range(m)]
            for n, m in zip(sizes, sizes[1:])]  # n weights, then the bias


def forward(net, x):  # what every layer says, beginning with the input
    said = [x]
    for layer in net:
        sums = [sum(w * a for w, a in zip(ws, said[-1] + [1])) for ws in layer]
        said.append([1 / (1 + exp(-s)) for s in sums])
    return said


def loss(net, data):  # how wrong it is: the squared error, on average
    return sum((forward(net, x)[-1][0] - y) ** 2 for x, y in data) / len(data)


def backprop(net, data):  # how fast would the loss grow with each weight?
    slopes = [[[0] * len(neuron) for neuron in layer] for layer in net]
    for x, y in data:
        said = forward(net, x)
        blame = [2 * (said[-1][0] - y) / len(data)]
        for layer, rows, ins, outs in list(zip(net, slopes, said, said[1:]))[::-1]:
            delta = [b * a * (1 - a) for b, a in zip(blame, outs)]
            for d, row in zip(delta, rows):
                row[:] = [s + d * a for s, a in zip(row, ins + [1])]
            blame = [sum(d * w for d, w in zip(delta, ws)) for ws in zip(*layer)]
    return slopes


def update(net, slopes, rate):  # one step downhill
    for layer, rows in zip(net, slopes):
        for neuron, row in zip(layer, rows):
            neuron[:] = [w - rate * s for w, s in zip(neuron, row)]


if __name__ == "__main__":
    for task, data, sizes in [("AND", AND, [2, 1]), ("OR", OR, [2, 1]),
                              ("XOR", XOR, [2, 1]), ("XOR", XOR, [2, 3, 1])]:
        net = make_net(sizes, seed=1)
        for epoch in range(2000):
            update(net, backprop(net, data), rate=5)
        answers = ["%.2f" % forward(net, x)[-1][0] for x, y in data]
        print(task, sizes, "loss %.4f" % loss(net, data), "answers", *answers)
